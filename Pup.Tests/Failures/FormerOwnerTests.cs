using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Tests.Support;

namespace Pup.Tests.Failures;

/// <summary>What an owner that was frozen, and wakes up after another one took over, may write about events: nothing.</summary>
public sealed class FormerOwnerTests(PostgresServer server)
{
    [Fact]
    public async Task A_former_owner_neither_answers_nor_repeats_what_was_asked_of_dead_letters()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var (generation, former, present) = await OwnTwiceAsync(engine);
        await database.ExecuteAsync(
            """
            insert into projection_dead_letters (projection_name, ordering_key, global_position, key_hash, event_id, event_type, status, attempts, requested)
            values ('ledger', 'a', 1, 0, gen_random_uuid(), 'Happened', 'failed', 3, 'retry'), ('ledger', 'a', 2, 0, gen_random_uuid(), 'Happened', 'queued', 0, null)
            """);
        DeadLetterStore StoreOf(Ownership ownership) => new("ledger", generation, ownership, new OrderingKeys(new LedgerProjection()));

        await StoreOf(former).FailedAgainAsync("a", 1, new InvalidOperationException("late"), TestContext.Current.CancellationToken);
        await StoreOf(former).RequestAllAsync("a", TestContext.Current.CancellationToken);
        Assert.Equal("3 retry, 0 -", await LettersAsync(database));

        await StoreOf(present).RequestAllAsync("a", TestContext.Current.CancellationToken);
        Assert.Equal("3 retry, 0 retry", await LettersAsync(database));
        await StoreOf(present).FailedAgainAsync("a", 1, new InvalidOperationException("again"), TestContext.Current.CancellationToken);
        Assert.Equal("4 -, 0 -", await LettersAsync(database));
    }

    [Fact]
    public async Task A_former_owner_neither_accuses_nor_acquits_an_event()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var (generation, former, present) = await OwnTwiceAsync(engine);

        await new SuspectStore("ledger", generation, present).RecordAsync(7, TestContext.Current.CancellationToken);
        await new SuspectStore("ledger", generation, former).RecordAsync(5, TestContext.Current.CancellationToken);
        Assert.Equal(7L, await SuspectAsync(database));
        await new SuspectStore("ledger", generation, former).ClearAsync(TestContext.Current.CancellationToken);
        Assert.Equal(7L, await SuspectAsync(database));

        await new SuspectStore("ledger", generation, present).ClearAsync(TestContext.Current.CancellationToken);
        Assert.Null(await SuspectAsync(database));
    }

    [Fact]
    public async Task A_former_owner_that_writes_while_another_takes_over_waits_and_then_writes_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var (generation, _, present) = await OwnTwiceAsync(engine);
        Task recording;
        await using (var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var takeover = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var command = new Npgsql.NpgsqlCommand("update projection_checkpoints set epoch = nextval('projection_epochs')", connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            recording = new SuspectStore("ledger", generation, present).RecordAsync(7, TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<bool>("select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"),
                TimeSpan.FromSeconds(30),
                "it waits");
            await takeover.CommitAsync(TestContext.Current.CancellationToken);
        }

        await recording;
        Assert.Null(await SuspectAsync(database));
    }

    private static async Task<(Generation Generation, Ownership Former, Ownership Present)> OwnTwiceAsync(TestEngine engine)
    {
        var generation = await engine.Feed.GenerationAsync(TestContext.Current.CancellationToken);
        var definition = engine.Define(static () => new LedgerProjection());
        await Pup.Grains.Coordination.ProjectionRegistrar.RegisterAsync(generation.DataSource, definition, TestContext.Current.CancellationToken);
        var ownerships = new OwnershipStore(engine.Options, TimeProvider.System, silo: null);
        var former = await ownerships.OwnAsync(generation, definition, 0, 0, mayTake: true, TestContext.Current.CancellationToken);
        var present = await ownerships.OwnAsync(generation, definition, 0, 0, mayTake: true, TestContext.Current.CancellationToken);
        return (generation, ((OwnershipResult.Taken)former).Ownership, ((OwnershipResult.Taken)present).Ownership);
    }

    private static Task<string> LettersAsync(TestDatabase database) => database.ScalarAsync<string>(
        "select string_agg(attempts || ' ' || coalesce(requested, '-'), ', ' order by global_position) from projection_dead_letters");

    private static Task<long?> SuspectAsync(TestDatabase database) => database.ScalarAsync<long?>("select suspect_position from projection_partitions");
}
