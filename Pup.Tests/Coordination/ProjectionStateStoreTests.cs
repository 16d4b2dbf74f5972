using Npgsql;
using Pup.Client;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

public sealed class ProjectionStateStoreTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pause_holds_a_batch_that_is_under_way_and_outlives_every_silo()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        var states = new ProjectionStateStore(database.DataSource);
        var (handling, paused) = (Completion(), Completion());
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            var runner = (await engine.RunAsync(() => new LedgerProjection(before: async (_, _, cancellationToken) =>
            {
                handling.TrySetResult();
                await paused.Task.WaitAsync(cancellationToken);
            })))[0];
            await handling.Task.WaitAsync(s_patience, Token);
            await states.PauseAsync("ledger", Token);
            paused.SetResult();
            await Eventually.TrueAsync(() => runner.State is PartitionState.Left or PartitionState.Halted, s_patience, "the owner stopped");
        }

        await using var next = TestEngine.Start(database.ConnectionString);
        var halted = (await next.RunAsync(static () => new LedgerProjection()))[0];
        await Eventually.TrueAsync(() => halted.State == PartitionState.Halted, s_patience, "the next owner is halted");
        Assert.Equal("paused", halted.Journal.Trouble);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ledger"));
        Assert.Equal(("paused", 100L), ((await states.FindAsync("ledger", Token))!.State, (await states.FindAsync("ledger", Token))!.Lag));

        await states.ResumeAsync("ledger", Token);
        halted.Wake();
        await next.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_partition_without_a_row_is_behind_by_the_whole_log()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await RegisterAsync(database, 3);
        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 100; delete from projection_checkpoints where projection_name = 'ledger_p1'");

        var status = (await new ProjectionStateStore(database.DataSource).FindAsync("ledger", Token))!;

        Assert.Equal([100L, null, 100L], status.Positions);
        Assert.Equal(100L, status.Lag);
    }

    [Fact]
    public async Task A_projection_is_as_far_behind_as_its_last_partition()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await RegisterAsync(database, 2);
        await database.ExecuteAsync("update projection_checkpoints set last_global_position = case projection_name when 'ledger_p0' then 100 else 60 end");

        Assert.Equal(40L, (await new ProjectionStateStore(database.DataSource).FindAsync("ledger", Token))!.Lag);
    }

    [Fact]
    public void Without_partitions_nothing_is_applied_of_the_log() =>
        Assert.Equal(100L, new ProjectionStatus { Projection = "ledger", State = "running", Partitions = 0, LogPosition = 100, Positions = [] }.Lag);

    [Fact]
    public async Task A_rebuild_is_done_when_its_last_partition_has_passed_the_target()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await RegisterAsync(database, 2);
        await database.ExecuteAsync("update projections set state = 'rebuilding', rebuild_target = 50; update projection_checkpoints set last_global_position = case projection_name when 'ledger_p0' then 100 else 49 end");
        var states = new ProjectionStateStore(database.DataSource);

        await states.CompleteRebuildsAsync(Token);
        Assert.Equal("rebuilding", (await states.FindAsync("ledger", Token))!.State);

        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 50 where projection_name = 'ledger_p1'");
        await states.CompleteRebuildsAsync(Token);
        Assert.Equal("running", (await states.FindAsync("ledger", Token))!.State);
    }

    [Fact]
    public async Task A_rebuild_that_begins_as_another_is_found_done_is_not_taken_for_done()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await RegisterAsync(database, 2);
        await database.ExecuteAsync("update projections set state = 'rebuilding', rebuild_target = 50; update projection_checkpoints set last_global_position = 50");
        var states = new ProjectionStateStore(database.DataSource);
        await using var beginning = await database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await beginning.BeginTransactionAsync(Token);
        await using (var again = new NpgsqlCommand("update projections set rebuild_target = 50; update projection_checkpoints set last_global_position = 0", beginning))
            await again.ExecuteNonQueryAsync(Token);

        var completing = states.CompleteRebuildsAsync(Token);
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"), s_patience, "it waits for the row");
        await transaction.CommitAsync(Token);

        Assert.True(await completing);
        Assert.Equal("rebuilding", (await states.FindAsync("ledger", Token))!.State);
    }

    [Fact]
    public async Task Registering_a_projection_waits_for_no_row_of_one_whose_name_begins_alike()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("insert into projection_checkpoints (projection_name) values ('ledger_price'), ('ledger_p1x')");
        await using var other = await database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await other.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand("update projection_checkpoints set last_global_position = 1", other))
            await hold.ExecuteNonQueryAsync(Token);

        await RegisterAsync(database, 2).WaitAsync(s_patience, Token);

        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from projection_checkpoints where projection_name in ('ledger_p0', 'ledger_p1')"));
    }

    private static async Task RegisterAsync(TestDatabase database, int partitions)
    {
        await using var engine = TestEngine.Start(database.ConnectionString);
        await ProjectionRegistrar.RegisterAsync(database.DataSource, engine.Define(static () => new LedgerProjection(), partitions), Token);
    }

    private static TaskCompletionSource Completion() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
