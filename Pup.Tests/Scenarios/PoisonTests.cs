using Npgsql;
using Pup.Grains.Projections;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class PoisonTests(PostgresServer server)
{
    [Fact]
    public async Task An_event_that_kills_its_process_ends_parked_and_no_other_does()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        var settings = new WorkerSettings { ConnectionString = database.ConnectionString, LedgerOnly = true, LedgerPartitions = 3, DieAt = 206 };
        var deaths = 0;
        for (var caughtUp = false; !caughtUp; deaths += caughtUp ? 0 : 1)
        {
            Assert.True(deaths < 20, "The process goes on dying.");
            await using var worker = WorkerProcess.Start(settings);
            await Eventually.TrueAsync(
                async () => worker.HasExited || (caughtUp = await CaughtUpAsync(database)), TimeSpan.FromSeconds(60), "caught up or dead");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{deaths} deaths");
        Assert.Equal(206L, await database.ScalarAsync<long>("select sum(global_position)::bigint from projection_dead_letters where status = 'failed'"));
        Assert.Equal(9L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where status = 'queued'"));
        Assert.Equal(390L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    [Fact]
    public async Task Trouble_that_does_not_kill_the_process_convicts_nobody()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        // So careful that every event is handled alone, while the database is in the way again and again, and owners come and go.
        for (var owner = 0; owner < 4; owner++)
        {
            await using var engine = TestEngine.Start(database.ConnectionString, static options =>
            {
                options.TakeoverLimit = 1;
                options.MaxRetryDelay = options.RetryDelay = TimeSpan.FromMilliseconds(300);
            });
            var runner = (await engine.RunAsync(static () => new LedgerProjection(before: static (_, transaction, _) =>
            {
                transaction.Execute("do $$ begin raise sqlstate '40P01'; end $$");
                return ValueTask.CompletedTask;
            })))[0];
            await Eventually.TrueAsync(() => runner.Journal.Deadlocks >= 3, TimeSpan.FromSeconds(20), "some trouble");
            // The guide has operators look for the word.
            Assert.Contains("Warning Pup.Partition: ledger partition 0: deadlock, the batch was rolled back", engine.Log, StringComparison.Ordinal);
        }

        await using var last = TestEngine.Start(database.ConnectionString, static options => options.TakeoverLimit = 1);
        await last.RunAsync(static () => new LedgerProjection());
        await last.CaughtUpAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        await Ledger.AssertExactAsync(database);
    }

    [Theory]
    [InlineData(Misdeed.Throws)]
    [InlineData(Misdeed.HangsAndHonoursItsToken)]
    [InlineData(Misdeed.BreaksTheLiveTransaction)]
    [InlineData(Misdeed.HangsInTheServer)]
    public async Task A_misbehaving_event_is_parked_and_all_others_are_applied(Misdeed misdeed)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(
            () => new LedgerProjection(before: (@event, transaction, cancellationToken) =>
                @event.GlobalPosition == 55 ? CommitAsync(misdeed, transaction, cancellationToken) : ValueTask.CompletedTask),
            configure: static options =>
            {
                options.MaxAttempts = 2;
                options.HandlerTimeout = TimeSpan.FromSeconds(1);
            });
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(60));

        Assert.Equal(55L, await database.ScalarAsync<long>("select sum(global_position)::bigint from projection_dead_letters where status = 'failed'"));
        Assert.Equal(4L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where status = 'queued'"));
        Assert.Equal(95L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    public enum Misdeed
    {
        Throws,
        HangsAndHonoursItsToken,
        BreaksTheLiveTransaction,
        HangsInTheServer,
    }

    private static async ValueTask CommitAsync(Misdeed misdeed, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        switch (misdeed)
        {
            case Misdeed.Throws:
                throw new InvalidOperationException("misdeed");
            case Misdeed.HangsAndHonoursItsToken:
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case Misdeed.HangsInTheServer:
                await using (var sleep = new NpgsqlCommand("select pg_sleep(600)", (await transaction.OpenAsync(cancellationToken)).Connection))
                    await sleep.ExecuteNonQueryAsync(cancellationToken);
                break;
            case Misdeed.BreaksTheLiveTransaction:
                try
                {
                    await using var failing = new NpgsqlCommand("select 1 / 0", (await transaction.OpenAsync(cancellationToken)).Connection);
                    await failing.ExecuteNonQueryAsync(cancellationToken);
                }
                catch (PostgresException)
                {
                    // As careless handlers do.
                }

                break;
        }
    }

    private static async Task<bool> CaughtUpAsync(TestDatabase database) => await database.ScalarAsync<bool>(
        """
        select count(*) = 3 and min(last_global_position) >= (select max(global_position) from events)
        from projection_checkpoints where projection_name like 'ledger%'
        """);
}
