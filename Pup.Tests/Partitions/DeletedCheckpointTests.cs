using Pup.Grains.Partitions;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Partitions;

/// <summary>The guide's recoveries by SQL: a checkpoint row that is deleted, under a silo at work and while none is there.</summary>
public sealed class DeletedCheckpointTests(PostgresServer server)
{
    private const string Warning = "its checkpoint row was deleted; the projection cannot be reset";

    [Fact]
    public async Task A_deleted_checkpoint_row_of_a_resettable_projection_means_a_full_rebuild()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 5);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new LedgerProjection());
        await engine.CaughtUpAsync(database);
        var epoch = await database.ScalarAsync<long>("select epoch from projection_checkpoints");

        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger'");
        await EventLog.AppendAsync(database, 100, 5);
        await engine.CaughtUpAsync(database);

        await Ledger.AssertExactAsync(database);
        // An owner of the deleted row that is still frozen somewhere must not find its epoch again.
        Assert.True(await database.ScalarAsync<long>("select epoch from projection_checkpoints") > epoch);
    }

    [Fact]
    public async Task Without_a_reset_the_log_is_applied_again_from_the_start_and_that_is_a_warning()
    {
        await using var database = await TallyAsync();
        await EventLog.AppendAsync(database, 100, 5);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(static () => new TallyProjection(static () => { })))[0];
        await engine.CaughtUpAsync(database);
        Assert.DoesNotContain("Warning", engine.Log, StringComparison.Ordinal);
        var epoch = runner.Epoch;

        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'tally'");
        await EventLog.AppendAsync(database, 20, 5);

        await Eventually.TrueAsync(async () => await database.ScalarAsync<int>("select n from tally") == 220, TimeSpan.FromSeconds(10), "the first hundred are applied again");
        Assert.Contains($"Warning Pup.Partition: tally partition 0: {Warning}", engine.Log, StringComparison.Ordinal);
        Assert.True(runner.Epoch > epoch);
        Assert.Equal(PartitionState.Running, runner.State);
    }

    [Fact]
    public async Task With_a_reset_one_of_several_rows_is_enough_for_a_rebuild_of_all()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection(), 2);
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync("update ledger set aggregate_version = 77");

        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger_p1'");
        await EventLog.AppendAsync(database, 20, 20);

        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select count(*) = 120 and not bool_or(aggregate_version = 77) from ledger"), TimeSpan.FromSeconds(10), "all is applied again");
        await Ledger.AssertExactAsync(database);
    }

    // Nothing is appended, and nobody calls.
    [Fact]
    public async Task Idle_partitions_find_out_when_they_touch_their_rows_also_on_another_silo()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 20);
        await using var one = TestEngine.Start(database.ConnectionString, static options => options.TouchInterval = TimeSpan.FromMilliseconds(300));
        await using var other = TestEngine.Start(database.ConnectionString, static options => options.TouchInterval = TimeSpan.FromMilliseconds(300));
        var definition = one.Define(static () => new LedgerProjection(), 2);
        await one.RegisterAsync(definition);
        var sibling = one.Run(definition, 0);
        other.Run(definition, 1);
        await one.CaughtUpAsync(database);
        await other.CaughtUpAsync(database);

        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger_p1'");
        await Eventually.TrueAsync(() => sibling.State == PartitionState.Left, TimeSpan.FromSeconds(10), "the sibling has left, for supervision to start it anew");
        await one.RunAllAsync(definition);

        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select min(last_global_position) = 100 from projection_checkpoints"), TimeSpan.FromSeconds(10), "all is applied again");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_repartition_that_finds_it_first_warns_too()
    {
        await using var database = await TallyAsync();
        await EventLog.AppendAsync(database, 100, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new TallyProjection(static () => { }), 2);
        await engine.RegisterAsync(definition);
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'tally_p1'");

        await engine.RepartitionAsync(definition, 3);

        Assert.Contains("tally: checkpoint rows were deleted (tally_p1); the projection cannot be reset", engine.Log, StringComparison.Ordinal);
        await engine.RepartitionAsync(definition, 2);
        Assert.Single(engine.Log.Split('\n'), static line => line.Contains("were deleted", StringComparison.Ordinal));
    }

    // Stop, truncate, delete the checkpoint, start.
    [Fact]
    public async Task A_corrupted_read_model_is_made_anew_by_the_guides_four_steps_with_a_reset_and_without()
    {
        await using var database = await TallyAsync();
        await EventLog.AppendAsync(database, 100, 5);
        await RunAsync(database);
        await database.ExecuteAsync("update tally set n = 4711; delete from ledger where global_position < 50; update ledger set aggregate_version = 77 where global_position = 60");

        await database.ExecuteAsync("truncate ledger");
        await database.ExecuteAsync("update tally set n = 0");
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger'");
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'tally'");
        await EventLog.AppendAsync(database, 20, 5);
        var log = await RunAsync(database);

        await Ledger.AssertExactAsync(database);
        Assert.Equal(120, await database.ScalarAsync<int>("select n from tally"));
        Assert.Contains(Warning, log, StringComparison.Ordinal);
        Assert.Contains("ledger partition 0: its checkpoint row was deleted; the projection is rebuilt from the start", log, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(TestDatabase database)
    {
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection());
        await engine.RunAsync(static () => new TallyProjection(static () => { }));
        await engine.CaughtUpAsync(database);
        return engine.Log;
    }

    private async Task<TestDatabase> TallyAsync()
    {
        var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table tally (n int not null); insert into tally values (0)");
        return database;
    }
}
