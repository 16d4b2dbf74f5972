using Pup.Grains;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

public sealed class ProjectionRebuildTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private volatile bool _broken = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ErrorPolicy.Park)]
    [InlineData(ErrorPolicy.Stop)]
    public async Task A_rebuild_forgets_what_was_parked_and_why_a_partition_stopped(ErrorPolicy policy)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 2);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(FailingLedger, configure: options => options.ErrorPolicy = policy))[0];
        if (policy == ErrorPolicy.Park)
            await engine.CaughtUpAsync(database);
        else
            await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, s_patience, "faulted");

        _broken = false;
        await RebuildAsync(engine);
        runner.Wake();
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from ledger") == 20, s_patience, "every event applied");

        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        Assert.Equal(0, runner.Journal.ParkedKeys);
    }

    [Fact]
    public async Task A_rebuild_locks_the_projection_before_its_rows_as_every_operation_does()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await ProjectionRegistrar.RegisterAsync(database.DataSource, engine.Define(FailingLedger), Token);
        // As an owner has it that is about to lock the row.
        await using var owner = await Log.BeginAsync(database, "owner");
        await owner.ExecuteAsync("select 1 from projections for share");
        var rebuild = RebuildAsync(engine);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where $1 = any (pg_blocking_pids(pid))", owner.ProcessID) > 0,
            s_patience,
            "the rebuild waits");

        await owner.ExecuteAsync("select 1 from projection_checkpoints for update nowait");
        await owner.ExecuteAsync("commit");

        await rebuild;
        Assert.Equal("rebuilding", await database.ScalarAsync<string>("select state from projections"));
    }

    private IProjection FailingLedger() => new LedgerProjection(before: (@event, _, _) =>
        _broken && @event.GlobalPosition == 5 ? throw new InvalidOperationException("injected") : ValueTask.CompletedTask);

    private async Task RebuildAsync(TestEngine engine)
    {
        var generation = await engine.Feed.GenerationAsync(Token);
        await new ProjectionRebuild(engine.Options, TimeProvider.System).RunAsync(generation, engine.Define(FailingLedger), engine.Feed.MarkOf(generation), Token);
    }
}
