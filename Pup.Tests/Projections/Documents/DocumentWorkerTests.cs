using System.Text;
using Pup.Client.Events;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Projections.Documents;

/// <summary>Document projections on the real worker.</summary>
public sealed class DocumentWorkerTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 50)]
    [InlineData(5, 7)]
    public async Task Documents_equal_a_serial_fold_while_the_log_grows_and_owners_change(int partitions, int batchSize)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var random = new Random(partitions);
        for (var round = 0; round < 4; round++)
        {
            await AppendAsync(database, random, 150);
            // Two engines for the same partitions: one of them loses every partition, with documents in its cache.
            await using var first = TestEngine.Start(database.ConnectionString);
            await using var second = TestEngine.Start(database.ConnectionString);
            await first.RunAsync(() => new AccountProjection(), partitions, options => options.BatchSize = batchSize);
            await AppendAsync(database, random, 150);
            await second.RunAsync(() => new AccountProjection(), partitions, options => options.BatchSize = batchSize);
            await AppendAsync(database, random, 150);
            // Whoever it is that owns each: on a busy machine some partitions are started by the first engine after the second has them.
            await Eventually.TrueAsync(
                () => database.ScalarAsync<bool>("select min(last_global_position) = (select max(global_position) from events) from projection_checkpoints"),
                TimeSpan.FromSeconds(30),
                "every partition is at the end of the log");
        }

        await AssertFoldAsync(database);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    [Fact]
    public async Task An_event_that_one_of_its_documents_cannot_take_is_parked_for_that_document_only()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.MaxAttempts = 2);
        await EventLog.AppendOneAsync(database, "a", "a|b|1", "Moved");
        await EventLog.AppendOneAsync(database, "a", "nul \0 character", "Noted");
        await EventLog.AppendOneAsync(database, "b", "b|a|1", "Moved");
        await EventLog.AppendOneAsync(database, "c", "c|b|1", "Moved");
        await EventLog.AppendOneAsync(database, "long", new string('x', 10_000) + "|c|1", "Moved");
        await EventLog.AppendOneAsync(database, "c", "c|b|1", "Moved");

        await engine.RunAsync(() => new AccountProjection());
        await engine.CaughtUpAsync(database);

        // a: failed at 2, queued at 3, though b took its share of 3. The event with the impossible identity fails under its aggregate.
        Assert.Equal("a -1, b 2, c -2", await database.ScalarAsync<string>("select string_agg(id || ' ' || (document ->> 'balance'), ', ' order by id) from accounts_documents"));
        Assert.Equal(
            "a failed, a queued, long failed",
            await database.ScalarAsync<string>("select string_agg(ordering_key || ' ' || status, ', ' order by global_position) from projection_dead_letters"));
        Assert.Contains("bytes long", await database.ScalarAsync<string>("select error from projection_dead_letters where ordering_key = 'long'"), StringComparison.Ordinal);
        Assert.Contains("NUL", await database.ScalarAsync<string>("select error from projection_dead_letters where ordering_key = 'a' and status = 'failed'"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_that_only_the_server_refuses_is_found_by_trying_one_event_at_a_time()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.MaxAttempts = 1);
        await engine.RunAsync(() => new AccountProjection());
        await database.ExecuteAsync("alter table accounts_documents add check (document ->> 'note' is distinct from 'refused')");
        for (var i = 0; i < 10; i++)
            await EventLog.AppendOneAsync(database, $"a{i}", i == 6 ? "refused" : "fine", "Noted");
        await engine.CaughtUpAsync(database);

        Assert.Equal("a6 failed", await database.ScalarAsync<string>("select string_agg(ordering_key || ' ' || status, ', ') from projection_dead_letters"));
        Assert.Equal(9, await database.ScalarAsync<long>("select count(*) from accounts_documents"));
    }

    [Fact]
    public async Task Another_version_of_the_document_or_of_the_identity_needs_a_rebuild_and_a_rebuild_makes_all_documents_anew()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await AppendAsync(database, new Random(1), 100);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(() => new AccountProjection());
            await engine.CaughtUpAsync(database);
        }

        await using var next = TestEngine.Start(database.ConnectionString);
        var runner = (await next.RunAsync(() => new AccountProjection { Version = 2 }))[0];
        await Eventually.TrueAsync(() => runner.State == PartitionState.Halted, TimeSpan.FromSeconds(10), "halted");
        Assert.Equal(
            "Deployed: ordering key document@2, built with document@1; read model version 2, built with 1",
            await database.ScalarAsync<string>("select state_reason from projections"));

        await database.ExecuteAsync("insert into accounts_documents (id, document, position) values ('stray', '{}', 1)");
        var generation = await next.Feed.GenerationAsync(Token);
        var definition = next.Define(() => new AccountProjection { Version = 2 });
        await new ProjectionRebuild(next.Options, TimeProvider.System).RunAsync(generation, definition, next.Feed.MarkOf(generation), Token);
        runner.Wake();
        await next.CaughtUpAsync(database);

        await AssertFoldAsync(database);
    }

    [Fact]
    public async Task After_a_rebuild_a_worker_at_work_does_not_go_on_from_the_documents_it_remembers()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await AppendAsync(database, new Random(1), 100);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => new AccountProjection()))[0];
        await engine.CaughtUpAsync(database);
        var epoch = runner.Epoch;

        var generation = await engine.Feed.GenerationAsync(Token);
        var definition = engine.Define(() => new AccountProjection());
        await new ProjectionRebuild(engine.Options, TimeProvider.System).RunAsync(generation, definition, engine.Feed.MarkOf(generation), Token);
        runner.Wake();
        await Eventually.TrueAsync(() => runner.Epoch > epoch, TimeSpan.FromSeconds(10), "owned anew");
        await engine.CaughtUpAsync(database);

        await AssertFoldAsync(database);
    }

    private static async Task AppendAsync(TestDatabase database, Random random, int events)
    {
        for (var i = 0; i < events; i++)
        {
            var (from, to) = ($"account {random.Next(30)}", $"account {random.Next(30)}");
            var type = random.Next(10) switch { 0 => "Closed", 1 => "Noted", _ => "Moved" };
            await EventLog.AppendOneAsync(database, from, type == "Noted" ? $"note {i}" : $"{from}|{to}|{random.Next(100)}", type);
        }
    }

    internal static async Task AssertFoldAsync(TestDatabase database)
    {
        var events = new List<PersistedEvent>();
        await using (var command = database.DataSource.CreateCommand("select global_position, aggregate_id, event_type, payload from events order by global_position"))
        await using (var reader = await command.ExecuteReaderAsync(Token))
        {
            while (await reader.ReadAsync(Token))
                events.Add(Events.Of(reader.GetInt64(0), reader.GetString(2), reader.GetString(1), Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(3))));
        }

        var documents = new SortedDictionary<string, Account>(StringComparer.Ordinal);
        await foreach (var document in new DocumentReader<Account>(database.DataSource, new AccountProjection()).QueryAsync("{}", limit: int.MaxValue, cancellationToken: Token))
            documents.Add(document.Id, document.Value);
        Assert.Equal(AccountProjection.SerialFold(events), documents);
    }
}
