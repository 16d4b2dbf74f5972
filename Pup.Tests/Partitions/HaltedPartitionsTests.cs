using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Tests.Support;

namespace Pup.Tests.Partitions;

public sealed class HaltedPartitionsTests(PostgresServer server)
{
    private const int Partitions = 100;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Any_number_of_paused_partitions_ask_together_and_each_hears_the_answer()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 200);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection(), Partitions);
        await engine.CaughtUpAsync(database);
        var states = new ProjectionStateStore(database.DataSource);
        await states.PauseAsync("ledger", TestContext.Current.CancellationToken);
        foreach (var runner in engine.Runners)
            runner.Wake();
        await Eventually.TrueAsync(() => engine.Runners.All(static runner => runner.State == PartitionState.Halted), s_patience, "all halted");

        // The server's counters are up to a second late.
        await LooksOnAsync(engine, TimeSpan.FromSeconds(2));
        var before = await TransactionsAsync(database);
        await LooksOnAsync(engine, TimeSpan.FromSeconds(2));
        // One transaction a poll and one a look: about 40, where every partition for itself would make 2,000.
        Assert.InRange(await TransactionsAsync(database) - before, 1, 400);

        // Nobody calls this time: the poll alone has to find out.
        await states.ResumeAsync("ledger", TestContext.Current.CancellationToken);
        await EventLog.AppendAsync(database, 500, 200);
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_halted_partition_shows_a_reason_that_changes_and_runs_when_its_fault_is_cleared()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(static () => new LedgerProjection()))[0];
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync("update projections set state = 'needs_rebuild', state_reason = 'because'");
        // The epoch first, as every operation does: an owner that is woken before it would see nothing, and later leave for good.
        await database.ExecuteAsync("update projection_checkpoints set epoch = nextval('projection_epochs')");
        runner.Wake();
        await EventLog.AppendAsync(database, 10, 10);
        await Eventually.TrueAsync(() => runner.State == PartitionState.Halted && runner.Journal.Trouble == "needs rebuild: because", s_patience, "halted");

        await database.ExecuteAsync("update projection_partitions set fault = 'a fault'");
        await database.ExecuteAsync("update projections set state = 'running', state_reason = null");
        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted && runner.Journal.Trouble == "a fault", s_patience, "faulted");

        await database.ExecuteAsync("update projection_partitions set fault = null");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_call_wakes_a_halted_partition_without_waiting_for_the_poll()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.HaltedPollInterval = TimeSpan.FromHours(1));
        var runner = (await engine.RunAsync(static () => new LedgerProjection()))[0];
        await Eventually.TrueAsync(() => runner.State == PartitionState.Running, s_patience, "running");
        var states = new ProjectionStateStore(database.DataSource);
        await states.PauseAsync("ledger", TestContext.Current.CancellationToken);
        runner.Wake();
        await Eventually.TrueAsync(() => runner.State == PartitionState.Halted, s_patience, "halted");

        await states.ResumeAsync("ledger", TestContext.Current.CancellationToken);
        runner.Wake();
        await Eventually.TrueAsync(() => runner.State == PartitionState.Running, s_patience, "running again");
    }

    private static async Task LooksOnAsync(TestEngine engine, TimeSpan time)
    {
        var until = engine.Feed.Status.LookedAt + time;
        await Eventually.TrueAsync(() => engine.Feed.Status.LookedAt > until, s_patience, $"the feed looks on for {time.TotalSeconds} s");
    }

    private static Task<long> TransactionsAsync(TestDatabase database) =>
        database.ScalarAsync<long>("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()");
}
