using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

/// <summary>Repartitions where something is wrong: rows moved back or deleted, faults, parked keys.</summary>
public sealed class RepartitionTroubleTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private volatile bool _broken = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("update projection_checkpoints set last_global_position = 100 where projection_name = 'ledger_p1'")]
    [InlineData("update projection_checkpoints set last_global_position = 0, applied = null where projection_name = 'ledger_p1'")]
    public async Task A_row_moved_back_while_another_carries_a_vector_means_needs_rebuild(string movedBack)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = await HalfWorkedOffAsync(database, engine);
        await database.ExecuteAsync(movedBack);

        var refused = await Assert.ThrowsAsync<ProjectionRefusedException>(() => engine.RepartitionAsync(definition, 5));

        Assert.Contains("pup rebuild ledger", refused.Message, StringComparison.Ordinal);
        Assert.Equal("needs_rebuild 3", await database.ScalarAsync<string>("select state || ' ' || partitions from projections"));
        Assert.Contains("ledger_p1", await database.ScalarAsync<string>("select state_reason from projections"), StringComparison.Ordinal);
        var runners = await engine.RunAllAsync(definition);
        await Eventually.TrueAsync(() => runners.All(static runner => runner.State == PartitionState.Halted), s_patience, "all are halted");
        Assert.True(await database.ScalarAsync<bool>("select bool_or(applied ? 'vectors') from projection_checkpoints"));

        await RebuildAsync(engine, definition);
        await engine.RepartitionAsync(definition, 5);
        await engine.RunAllAsync(definition);
        await CaughtUpAsync(database, 5);
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task An_owner_that_finds_its_row_moved_back_halts_the_projection_also_its_siblings()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = await HalfWorkedOffAsync(database, engine);
        // Its own vector is dropped already; that of the first partition is not.
        Assert.Equal("""{"position": 400}""", await database.ScalarAsync<string>("select applied::text from projection_checkpoints where projection_name = 'ledger_p1'"));
        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 390 where projection_name = 'ledger_p1'");
        var epoch = await database.ScalarAsync<long>("select epoch from projection_checkpoints where projection_name = 'ledger_p2'");

        var runner = engine.Run(definition, 1);

        await Eventually.TrueAsync(() => runner.State == PartitionState.Halted, s_patience, "halted");
        Assert.Contains("moved back from 400 to 390", runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.NotEqual(epoch, await database.ScalarAsync<long>("select epoch from projection_checkpoints where projection_name = 'ledger_p2'"));

        await RebuildAsync(engine, definition);
        await engine.RunAllAsync(definition);
        await CaughtUpAsync(database, 3);
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_row_put_in_the_place_of_a_deleted_one_is_found_out()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = await HalfWorkedOffAsync(database, engine);
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger_p1'");
        await database.ExecuteAsync("insert into projection_checkpoints (projection_name, last_global_position) values ('ledger_p1', 400)");

        var runner = engine.Run(definition, 1);

        await Eventually.TrueAsync(() => runner.State == PartitionState.Halted, s_patience, "halted");
        Assert.Contains("made anew", runner.Journal.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_moved_back_while_none_carries_a_vector_is_gone_on_from_and_repartitioned()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(() => new LedgerProjection(), 2);
            await engine.CaughtUpAsync(database);
        }

        // As the guide's recovery does it: the read model is emptied from there, too.
        await using var again = TestEngine.Start(database.ConnectionString);
        var definition = again.Define(() => new LedgerProjection(), 2);
        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 150 where projection_name = 'ledger_p0'");
        await again.RepartitionAsync(definition, 3);
        var vector = await database.ScalarAsync<string>("select distinct applied ->> 'vectors' from projection_checkpoints");
        Assert.StartsWith("[[150, ", vector, StringComparison.Ordinal);
        var keys = Enumerable.Range(0, 20).Select(static i => $"a{i}").Where(static key => Partitioner.PartitionOf(Partitioner.Hash(key), 2) == 0);
        await database.ExecuteAsync("delete from ledger where global_position > 150 and aggregate_id = any($1)", (object)keys.ToArray());

        await again.RunAllAsync(definition);
        await again.CaughtUpAsync(database);
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_deleted_row_is_a_rebuild_also_when_a_repartition_finds_it_first()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = await HalfWorkedOffAsync(database, engine);
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger_p1'");

        await engine.RepartitionAsync(definition, 2);

        Assert.Equal("rebuilding", await database.ScalarAsync<string>("select state from projections"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ledger"));
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_deleted_row_of_a_projection_that_cannot_be_reset_stands_at_the_beginning()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        await database.ExecuteAsync("create table tally (n int not null); insert into tally values (0)");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new TallyProjection(static () => { }), 2);
        await engine.RegisterAsync(definition);
        engine.Run(definition, 1);
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'tally_p0'");

        await engine.RepartitionAsync(definition, 3);
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);

        Assert.Equal(400, await database.ScalarAsync<int>("select n from tally"));
    }

    [Fact]
    public async Task Parked_keys_and_what_was_asked_of_them_follow_their_keys()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 20);
        for (var i = 0; i < 20; i++)
            await EventLog.AppendOneAsync(database, $"a{i}", "poison");
        await EventLog.AppendAsync(database, 100, 20);
        // All 20 are more than one partition may park, and they stay parked all the same.
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.ParkedKeysLimit = 12);
        var definition = engine.Define(PoisonedLedger, 3);
        await engine.RegisterAsync(definition);
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);
        Assert.Equal(20L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where status = 'failed'"));

        await engine.RepartitionAsync(definition, 1);
        var only = (await engine.RunAllAsync(definition))[0];
        await EventLog.AppendAsync(database, 100, 20);
        await engine.CaughtUpAsync(database);
        Assert.Equal((PartitionState.Running, 20), (only.State, only.Journal.ParkedKeys));
        Assert.Equal(200L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where status = 'queued'"));

        _broken = false;
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry' where status = 'failed'");
        await engine.RepartitionAsync(definition, 4);
        var four = await engine.RunAllAsync(definition);
        await EventLog.AppendAsync(database, 100, 20);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, s_patience, "no dead letters left");
        await engine.CaughtUpAsync(database);
        await Eventually.TrueAsync(() => four.All(static runner => runner.Journal.ParkedKeys == 0), s_patience, "nothing is parked");
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_fault_goes_with_its_partition_and_is_met_again_by_the_one_that_has_the_event_now()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 20);
        await EventLog.AppendOneAsync(database, "a3", "poison");
        await EventLog.AppendAsync(database, 200, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(PoisonedLedger, 2, static options => options.ErrorPolicy = ErrorPolicy.Stop);
        await engine.RegisterAsync(definition);
        await using (var former = TestEngine.Start(database.ConnectionString))
        {
            var stopped = await former.RunAllAsync(definition);
            await Eventually.TrueAsync(() => stopped.Any(static runner => runner.State == PartitionState.Faulted), s_patience, "faulted");
        }

        var generation = await engine.Feed.GenerationAsync(Token);

        // Nobody has looked at it when only a number in a file changes.
        Assert.Null(await engine.Repartition.FollowAsync(generation, definition, [5], Token));
        Assert.Equal(2, await database.ScalarAsync<int>("select partitions from projections"));

        await engine.RepartitionAsync(definition, 5);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_partitions"));
        var runners = await engine.RunAllAsync(definition);
        var holder = runners[Partitioner.PartitionOf(Partitioner.Hash("a3"), 5)];
        await Eventually.TrueAsync(() => holder.State == PartitionState.Faulted, s_patience, "faulted again");
        Assert.Contains("stopped at position 201", holder.Journal.Trouble, StringComparison.Ordinal);
        Assert.Single(runners, static runner => runner.State == PartitionState.Faulted);

        _broken = false;
        await new ProjectionStateStore(generation.DataSource).ResumeAsync("ledger", Token);
        holder.Wake();
        await Eventually.TrueAsync(() => runners.All(static runner => runner.Position >= 401), s_patience, "caught up");
        await AssertExactAsync(database);
    }

    [Fact]
    public async Task A_paused_projection_is_repartitioned_and_stays_paused()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new LedgerProjection(), 2);
        await engine.RegisterAsync(definition);
        engine.Run(definition, 1);
        await engine.CaughtUpAsync(database);
        var states = new ProjectionStateStore((await engine.Feed.GenerationAsync(Token)).DataSource);
        await states.PauseAsync("ledger", Token);

        await engine.RepartitionAsync(definition, 3);
        var runners = await engine.RunAllAsync(definition);

        await Eventually.TrueAsync(() => runners.All(static runner => runner.State == PartitionState.Halted), s_patience, "all are halted");
        await states.ResumeAsync("ledger", Token);
        await engine.CaughtUpAsync(database);
        await AssertExactAsync(database);
    }

    // Three partitions; the second and third have worked off all that two left behind, the first nothing.
    private static async Task<ProjectionDefinition> HalfWorkedOffAsync(TestDatabase database, TestEngine engine)
    {
        await EventLog.AppendAsync(database, 400, 20);
        var definition = engine.Define(static () => new LedgerProjection(), 2);
        await engine.RegisterAsync(definition);
        await using (var former = TestEngine.Start(database.ConnectionString))
        {
            former.Run(definition, 1);
            await former.CaughtUpAsync(database);
        }

        await engine.RepartitionAsync(definition, 3);
        await using var two = TestEngine.Start(database.ConnectionString);
        two.Run(definition, 1);
        two.Run(definition, 2);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_checkpoints where last_global_position = 400") == 2, s_patience, "two of three at the end");
        return definition;
    }

    private static async Task RebuildAsync(TestEngine engine, ProjectionDefinition definition)
    {
        var generation = await engine.Feed.GenerationAsync(Token);
        await new ProjectionRebuild(engine.Options, TimeProvider.System).RunAsync(generation, definition, engine.Feed.MarkOf(generation), Token);
    }

    private static Task CaughtUpAsync(TestDatabase database, int partitions) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long>("select count(*) from projection_checkpoints where last_global_position = 400") == partitions, s_patience, "all at the end");

    private static async Task AssertExactAsync(TestDatabase database)
    {
        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    private IProjection PoisonedLedger() => new LedgerProjection(before: Check);

    private ValueTask Check(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _broken && @event.Payload.Span.SequenceEqual("poison"u8)
            ? throw new InvalidOperationException("This event is poison.")
            : ValueTask.CompletedTask;
}
