using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Projections.Documents;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

public sealed class RepartitionTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 4, 3)]
    [InlineData(3, 2, 7)]
    [InlineData(5, 3, 1)]
    [InlineData(4, 8, 2)]
    public async Task Every_event_is_applied_once_and_in_order_though_each_repartition_finds_partitions_far_apart(int first, int second, int third)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 600, 30);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new LedgerProjection(), first);
        await engine.RegisterAsync(definition);
        foreach (var next in new[] { second, third })
        {
            await AdvanceAllButOneAsync(database, definition);
            await EventLog.AppendAsync(database, 300, 30);
            await engine.RepartitionAsync(definition, next);
            await EventLog.AppendAsync(database, 300, 30);
            await AdvanceAllButOneAsync(database, definition);
        }

        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_repartition_waits_for_the_batch_under_way_and_counts_what_it_applied()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        var (reached, goOn) = (Signal(), Signal());
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(
            () => new LedgerProjection(before: async (@event, transaction, cancellationToken) =>
            {
                if (@event.GlobalPosition > 20 || reached.Task.IsCompleted)
                    return;
                // Only with the fence the row is held.
                await transaction.OpenAsync(cancellationToken);
                reached.SetResult();
                await goOn.Task.WaitAsync(cancellationToken);
            }),
            2);
        await engine.RegisterAsync(definition);
        var owner = engine.Run(definition, 1);
        await reached.Task.WaitAsync(s_patience, Token);

        var repartition = engine.RepartitionAsync(definition, 3);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>(
                "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%for update%')"),
            s_patience,
            "the repartition waits for the row");
        goOn.SetResult();
        await repartition;

        Assert.Equal("[[[0, 400]]]", await database.ScalarAsync<string>("select json_agg(distinct applied -> 'vectors')::text from projection_checkpoints"));
        await engine.RunAllAsync(definition);
        await EventLog.AppendAsync(database, 40, 20);
        await engine.CaughtUpAsync(database);
        await Eventually.TrueAsync(() => owner.State == PartitionState.Left, s_patience, "the old owner has left");
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task Checkpoints_that_pupsourcings_workers_left_are_repartitioned_before_any_owner_touched_them()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new LedgerProjection(), 4);
        await engine.RegisterAsync(definition);
        await AdvanceAllButOneAsync(database, definition);
        await database.ExecuteAsync("delete from projections");
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger_p0'");
        await database.ExecuteAsync("update projection_checkpoints set epoch = 0");

        await engine.RegisterAsync(definition);
        await engine.RepartitionAsync(definition, 3);
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);

        await AssertExactAsync(database);
    }

    [Fact]
    public async Task What_is_applied_already_is_scanned_and_not_handled_and_then_forgotten()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var handled = 0;
        var definition = engine.Define(
            () => new LedgerProjection(before: (_, _, _) =>
            {
                Interlocked.Increment(ref handled);
                return ValueTask.CompletedTask;
            }),
            2);
        await engine.RegisterAsync(definition);
        await AdvanceAllButOneAsync(database, definition);
        var applied = await database.ScalarAsync<long>("select count(*) from ledger");
        Assert.InRange(applied, 1, 399);

        // Twice the partitions: the keys of two of the four are applied already to the end.
        await engine.RepartitionAsync(definition, 4);
        var runners = await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);

        Assert.Equal([false, true, false, true], runners.Select(static runner => runner.Journal.Events == 0));
        Assert.Equal(400, handled);
        await AssertExactAsync(database);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_checkpoints where applied = jsonb_build_object('position', last_global_position) and last_global_position = 400") == 4,
            s_patience,
            "only the copy of the position is left");

        await engine.RunAllAsync(definition);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select bool_and(applied is null) from projection_checkpoints"), s_patience, "nothing is left");
        await EventLog.AppendAsync(database, 200, 20);
        await engine.CaughtUpAsync(database);
        await AssertExactAsync(database);
        Assert.True(await database.ScalarAsync<bool>("select bool_and(applied is null) from projection_checkpoints"));
    }

    [Fact]
    public async Task An_idle_projection_is_repartitioned_without_anything_to_remember()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new LedgerProjection(), 4);
        await engine.RegisterAsync(definition);
        foreach (var partitions in new[] { 8, 2 })
        {
            await engine.RunAllAsync(definition);
            await engine.CaughtUpAsync(database);
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<long>("select count(distinct last_global_position) from projection_checkpoints") == 1, s_patience, "all at one position");

            await engine.RepartitionAsync(definition, partitions);

            Assert.Equal((long)partitions, await database.ScalarAsync<long>("select count(*) from projection_checkpoints where applied is null"));
            await EventLog.AppendAsync(database, 100, 20);
        }

        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task Partitions_that_are_no_more_leave_and_do_not_make_their_rows_anew()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new LedgerProjection(), 4);
        await engine.RegisterAsync(definition);
        var former = await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);

        await engine.RepartitionAsync(definition, 1);
        foreach (var runner in former)
            runner.Wake();
        await Eventually.TrueAsync(() => former.Skip(1).All(static runner => runner.State == PartitionState.Gone), s_patience, "three are gone");
        await EventLog.AppendAsync(database, 100, 20);
        await engine.CaughtUpAsync(database);

        Assert.Equal("ledger", await database.ScalarAsync<string>("select string_agg(projection_name, ',') from projection_checkpoints"));
        Assert.Equal("0", await database.ScalarAsync<string>("select string_agg(partition::text, ',') from projection_partitions"));
        await AssertExactAsync(database);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 1)]
    [InlineData(2, 3)]
    public async Task A_former_owner_does_not_take_the_partition_from_its_new_owner(int before, int after)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 20);
        await using var old = TestEngine.Start(database.ConnectionString);
        var definition = old.Define(() => new LedgerProjection(), before);
        await old.RegisterAsync(definition);
        var former = await old.RunAllAsync(definition);
        await old.CaughtUpAsync(database);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RepartitionAsync(definition, after);
        var owners = await engine.RunAllAsync(definition);
        await Eventually.TrueAsync(() => owners.All(static runner => runner.State == PartitionState.Running), s_patience, "all run");

        await EventLog.AppendAsync(database, 100, 20);
        await engine.CaughtUpAsync(database);
        await Eventually.TrueAsync(
            () => former.Select(static (runner, index) => (runner, index)).All(it => it.runner.State == (it.index < after ? PartitionState.Left : PartitionState.Gone)),
            s_patience,
            "all former owners have left");

        Assert.All(owners, static runner => Assert.Equal(PartitionState.Running, runner.State));
        Assert.Equal(
            owners.Select(static runner => runner.Epoch).Order(),
            await database.ScalarAsync<long[]>("select array_agg(epoch order by epoch) from projection_checkpoints"));
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_rebuild_goes_on_to_its_target_over_repartitions()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new LedgerProjection(), 3);
        await engine.RegisterAsync(definition);
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);
        await engine.RepartitionAsync(definition, 2);
        var generation = await engine.Feed.GenerationAsync(Token);

        await new ProjectionRebuild(engine.Options, TimeProvider.System).RunAsync(generation, definition, engine.Feed.MarkOf(generation), Token);
        await AdvanceAllButOneAsync(database, definition);
        await engine.RepartitionAsync(definition, 5);
        Assert.Equal("rebuilding 500", await database.ScalarAsync<string>("select state || ' ' || rebuild_target from projections"));
        await new ProjectionStateStore(generation.DataSource).CompleteRebuildsAsync(Token);
        Assert.Equal("rebuilding", await database.ScalarAsync<string>("select state from projections"));

        // And over one more in the middle of that, which a second rebuild then makes an end of.
        await AdvanceAllButOneAsync(database, definition);
        await engine.RepartitionAsync(definition, 4);
        await new ProjectionRebuild(engine.Options, TimeProvider.System).RunAsync(generation, definition, engine.Feed.MarkOf(generation), Token);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_checkpoints where applied is not null or last_global_position > 0"));
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);

        await AssertExactAsync(database);
        await Eventually.TrueAsync(
            async () =>
            {
                await new ProjectionStateStore(generation.DataSource).CompleteRebuildsAsync(Token);
                return await database.ScalarAsync<string>("select state from projections") == "running";
            },
            s_patience,
            "the rebuild has ended");
    }

    [Fact]
    public async Task Documents_that_one_event_addresses_in_several_partitions_take_it_once_each()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(() => new AccountProjection(), 3);
        await engine.RegisterAsync(definition);
        var random = new Random(7);
        foreach (var partitions in new[] { 2, 5, 1, 3 })
        {
            for (var i = 0; i < 60; i++)
                await EventLog.AppendOneAsync(database, $"a{random.Next(9)}", $"d{random.Next(9)}|d{random.Next(9)}|{random.Next(9)}", "Moved");
            await AdvanceAllButOneAsync(database, definition);
            await engine.RepartitionAsync(definition, partitions);
        }

        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);

        await DocumentWorkerTests.AssertFoldAsync(database);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    // All partitions but the first work to the end of the log, so the next repartition finds them far apart.
    private static async Task AdvanceAllButOneAsync(TestDatabase database, ProjectionDefinition definition)
    {
        await using var engine = TestEngine.Start(database.ConnectionString);
        var partitions = await database.ScalarAsync<int>("select partitions from projections where name = $1", definition.Name);
        for (var partition = 1; partition < partitions; partition++)
            engine.Run(definition, partition);
        await engine.CaughtUpAsync(database);
    }

    private static async Task AssertExactAsync(TestDatabase database)
    {
        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
