using Npgsql;
using Pup.Tests.Scenarios.Proxy;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>What counts as processed, and as an error, when the outcome of a commit is not plain.</summary>
public sealed class CountingTests(PostgresServer server)
{
    [Theory]
    [InlineData(CommitFate.CutAfter)]
    [InlineData(CommitFate.CutBefore)]
    internal async Task An_event_whose_commit_got_no_answer_counts_once(CommitFate fate)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table tally (n int not null)");
        await database.ExecuteAsync("insert into tally values (0)");
        await EventLog.AppendAsync(database, 1, 1);
        await using var proxy = new TcpProxy(server.Port);
        var (calls, armed) = (0, 0);
        proxy.OnCommit = () => Interlocked.Exchange(ref armed, 0) == 1 ? fate : CommitFate.Pass;
        var through = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name)) { Port = proxy.Port };
        await using var engine = TestEngine.Start(through.ConnectionString);
        var runner = (await engine.RunAsync(() => new TallyProjection(() => Volatile.Write(ref armed, Interlocked.Increment(ref calls) == 1 ? 1 : 0))))[0];
        await engine.CaughtUpAsync(database);

        Assert.Equal((1, 1L), (await database.ScalarAsync<int>("select n from tally"), runner.Journal.Events));
        Assert.Equal(fate == CommitFate.CutAfter ? (0L, 0L) : (1L, 0L), (runner.Journal.FailedAttempts, runner.Journal.Failures));
    }

    [Fact]
    public async Task A_retry_of_dead_letters_counts_what_it_applies_and_a_rebuild_counts_everything_again()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 4);
        var broken = true;
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new LedgerProjection(before: (@event, _, _) =>
            Volatile.Read(ref broken) && @event.AggregateId == "a1" ? throw new InvalidOperationException("Broken.") : ValueTask.CompletedTask));
        await engine.RegisterAsync(definition);
        var runner = engine.Run(definition, 0);
        await engine.CaughtUpAsync(database);
        Assert.Equal((15L, 5L), (runner.Journal.Events, await database.ScalarAsync<long>("select count(*) from projection_dead_letters")));
        // Together with the others, and three times alone.
        Assert.Equal(4L, runner.Journal.FailedAttempts);

        Volatile.Write(ref broken, false);
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry'");
        runner.Wake();
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(30), "no dead letters");
        await Eventually.TrueAsync(() => runner.Journal.Events == 20, TimeSpan.FromSeconds(30), "all counted");

        await engine.Rebuild.RunAsync(await engine.Feed.GenerationAsync(CancellationToken.None), definition, 20, TestContext.Current.CancellationToken);
        runner.Wake();
        await Eventually.TrueAsync(() => runner.Journal.Events == 40, TimeSpan.FromSeconds(30), "all counted again");
        await Ledger.AssertExactAsync(database);
    }
}
