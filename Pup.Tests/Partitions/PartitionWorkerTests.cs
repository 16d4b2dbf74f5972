using Npgsql;
using Pup.Grains.Partitions;
using Pup.Tests.Feed;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Partitions;

public sealed class PartitionWorkerTests(PostgresServer server)
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Every_event_is_applied_once_and_in_order(int partitions)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 5_000, 100);
        await using var engine = TestEngine.Start(database.ConnectionString);

        await engine.RunAsync(() => new LedgerProjection(), partitions);
        await engine.CaughtUpAsync(database);
        await EventLog.AppendAsync(database, 500, 100);
        await engine.CaughtUpAsync(database);

        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_stopped_partition_goes_on_where_it_was()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        for (var round = 0; round < 3; round++)
        {
            await EventLog.AppendAsync(database, 700, 10);
            await using var engine = TestEngine.Start(database.ConnectionString);
            await engine.RunAsync(() => new LedgerProjection());
            await engine.CaughtUpAsync(database);
        }

        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_partition_without_own_events_reports_what_it_scanned()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new LedgerProjection(), 2);
        // One aggregate only: the other partition has nothing to do, and must not show lag.
        await EventLog.AppendAsync(database, 100, 1);
        await engine.CaughtUpAsync(database);

        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select min(last_global_position) from projection_checkpoints where projection_name like 'ledger_p%'")
                == await database.ScalarAsync<long>("select max(global_position) from events"),
            TimeSpan.FromSeconds(5),
            "both checkpoints at the end of the log");
        await EventLog.AppendAsync(database, 100, 20, "b");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task An_idle_partition_shows_by_updated_at_that_it_is_alive_and_stays_where_it_is()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.TouchInterval = TimeSpan.FromMilliseconds(300));
        await engine.RunAsync(static () => new LedgerProjection());
        await engine.CaughtUpAsync(database);
        const string Touches = "select count(distinct seen) from touches";
        await database.ExecuteAsync("create table touches as select updated_at as seen from projection_checkpoints");

        await Eventually.TrueAsync(
            async () =>
            {
                await database.ExecuteAsync("insert into touches select updated_at from projection_checkpoints");
                return await database.ScalarAsync<long>(Touches) > 3;
            },
            TimeSpan.FromSeconds(10),
            "it is touched again and again");
        Assert.Equal(10L, await database.ScalarAsync<long>("select last_global_position from projection_checkpoints"));
    }

    [Fact]
    public async Task Of_two_owners_the_first_leaves_quietly_and_nothing_is_applied_twice()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 2_000, 50);
        await using var first = TestEngine.Start(database.ConnectionString);
        await using var second = TestEngine.Start(database.ConnectionString);
        var firstOwner = (await first.RunAsync(() => new LedgerProjection(), configure: options => options.BatchSize = 20))[0];
        await Eventually.TrueAsync(() => firstOwner.Position > 0, TimeSpan.FromSeconds(10), "the first owner at work");
        await second.RunAsync(() => new LedgerProjection(), configure: options => options.BatchSize = 20);

        await second.CaughtUpAsync(database);
        await EventLog.AppendAsync(database, 100, 50);
        await second.CaughtUpAsync(database);

        await Eventually.TrueAsync(() => firstOwner.State == PartitionState.Left, TimeSpan.FromSeconds(10), "the first owner has left");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_checkpoint_moved_by_somebody_else_stops_the_partition_loudly()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => new LedgerProjection()))[0];
        await engine.CaughtUpAsync(database);

        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 3 where projection_name = 'ledger'");
        await EventLog.AppendAsync(database, 10, 2);

        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, TimeSpan.FromSeconds(10), "faulted");
        Assert.Contains("not Pup", runner.Journal.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Epochs_never_repeat_also_when_a_row_is_made_anew()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table tally (n int not null)");
        var epochs = new List<long>();
        for (var owner = 0; owner < 4; owner++)
        {
            await using var engine = TestEngine.Start(database.ConnectionString);
            var runner = (await engine.RunAsync(static () => new TallyProjection(static () => { })))[0];
            await Eventually.TrueAsync(() => runner.State == PartitionState.Running, TimeSpan.FromSeconds(10), "running");
            epochs.Add(runner.Epoch);
            if (owner % 2 == 1)
                await database.ExecuteAsync("delete from projection_checkpoints");
        }

        Assert.Equal(epochs.Distinct().Order(), epochs);
    }

    [Fact]
    public async Task Taking_ownership_waits_for_an_operation_on_the_projection_and_finds_what_that_has_made_of_it()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var first = (await engine.RunAsync(static () => new LedgerProjection()))[0];
        await Eventually.TrueAsync(() => first.State == PartitionState.Running, TimeSpan.FromSeconds(10), "running");
        // As a pause, rebuild or repartition has it, half-way.
        await using var operation = await Log.BeginAsync(database, "operation");
        await operation.ExecuteAsync("select 1 from projections for update");

        var second = engine.Run(engine.Define(static () => new LedgerProjection()), 0);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where $1 = any (pg_blocking_pids(pid))", operation.ProcessID) > 0,
            TimeSpan.FromSeconds(10),
            "the new owner waits");
        Assert.Equal(first.Epoch, await database.ScalarAsync<long>("select epoch from projection_checkpoints"));
        await operation.ExecuteAsync("update projections set state = 'paused'");
        await operation.ExecuteAsync("commit");

        await Eventually.TrueAsync(() => second.State == PartitionState.Halted, TimeSpan.FromSeconds(10), "halted");
        Assert.Equal(first.Epoch, await database.ScalarAsync<long>("select epoch from projection_checkpoints"));
    }

    [Fact]
    public async Task A_batch_between_two_attempts_is_not_reported_as_scanned()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        var calls = 0;
        // Each pause is longer than several rounds of the skip writer.
        await using var engine = TestEngine.Start(database.ConnectionString, static options =>
        {
            options.RetryDelay = options.MaxRetryDelay = TimeSpan.FromMilliseconds(400);
            options.SkipInterval = TimeSpan.FromMilliseconds(20);
        });
        var runner = (await engine.RunAsync(() => new LedgerProjection(before: (_, _, _) =>
            Interlocked.Increment(ref calls) <= 2 ? throw new NpgsqlException("injected: transient") : ValueTask.CompletedTask)))[0];

        await Eventually.TrueAsync(() => Volatile.Read(ref calls) == 2, TimeSpan.FromSeconds(10), "a second attempt");
        Assert.Equal(0L, runner.Position);
        Assert.Equal(0L, await database.ScalarAsync<long>("select last_global_position from projection_checkpoints"));
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }
}
