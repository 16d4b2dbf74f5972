using System.Security.Cryptography;
using Npgsql;
using Pup.Client.Events;
using Pup.Tests.Support;
using static Pup.Tests.Events.EventStoreFixture;

namespace Pup.Tests.Events;

public sealed class AppendTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private EventStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(server);
        _store = new EventStore(_database.DataSource);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Many_events_get_consecutive_versions_from_1_and_ascending_positions_in_their_order()
    {
        var result = await _store.AppendAsync("o1", ExpectedVersion.NoStream, Some(1000));

        Assert.Equal((1, 1000), (result.FirstVersion, result.LastVersion));
        Assert.Equal(result.Positions.Order(), result.Positions);
        Assert.Equal(result.Positions[^1], result.LastPosition);
        var stream = await _store.ReadAsync("o1");
        Assert.Equal(Enumerable.Range(1, 1000).Select(version => (long)version), stream.Select(@event => @event.AggregateVersion));
        Assert.Equal(result.Positions, stream.Select(@event => @event.GlobalPosition));
        Assert.Equal("""{"number":1000}"""u8, stream[^1].Payload.Span);
        Assert.Equal(1000, await _database.HeadAsync("o1"));
    }

    [Fact]
    public async Task Every_field_comes_back_as_it_was_given()
    {
        var appended = new Event
        {
            EventId = Guid.NewGuid(),
            EventType = "OrderPlaced",
            EventVersion = 3,
            Payload = new byte[] { 0, 255, 1, 128 },
            TraceId = "trace",
            CorrelationId = "correlation",
            CausationId = "cause 'quoted' \\ ü 🐕",
            Metadata = """{"tenant": "a"}""",
            CreatedAt = new DateTimeOffset(2024, 2, 29, 12, 0, 0, 123, TimeSpan.FromHours(2)),
        };
        var result = await _store.AppendAsync("ö 🐕", ExpectedVersion.NoStream, appended);

        var read = Assert.Single(await _store.ReadAsync("ö 🐕"));

        Assert.Equal(appended.Payload.ToArray(), read.Payload.ToArray());
        Assert.Equal(
            new PersistedEvent
            {
                GlobalPosition = result.LastPosition,
                BoundedContext = "Sales",
                AggregateType = "Order",
                AggregateId = "ö 🐕",
                AggregateVersion = 1,
                EventId = appended.EventId,
                EventType = appended.EventType,
                EventVersion = 3,
                Payload = read.Payload,
                TraceId = "trace",
                CorrelationId = "correlation",
                CausationId = appended.CausationId,
                Metadata = appended.Metadata,
                CreatedAt = appended.CreatedAt.Value.ToUniversalTime(),
            },
            read);
    }

    [Fact]
    public async Task What_is_not_given_is_null_and_the_time_is_the_databases()
    {
        await _store.AppendAsync("o1", ExpectedVersion.Any, An() with { TraceId = "", CorrelationId = "" });

        var read = Assert.Single(await _store.ReadAsync("o1"));

        Assert.Null(read.Metadata);
        Assert.Null(read.TraceId);
        Assert.Null(read.CorrelationId);
        var now = await _database.ScalarAsync<DateTime>("select now()");
        Assert.InRange(read.CreatedAt.UtcDateTime, now.AddMinutes(-1), now);
    }

    [Fact]
    public async Task Any_appends_behind_whatever_is_there()
    {
        await _store.AppendAsync("o1", ExpectedVersion.Any, Some(2));

        var result = await _store.AppendAsync("o1", ExpectedVersion.Any, Some(3));

        Assert.Equal((3, 5), (result.FirstVersion, result.LastVersion));
        Assert.Equal(5, await _database.HeadAsync("o1"));
    }

    [Fact]
    public async Task Exact_appends_at_that_version_only()
    {
        var first = await _store.AppendAsync("o1", ExpectedVersion.NoStream, Some(2));
        await _store.AppendAsync("o1", ExpectedVersion.Exact(first.LastVersion), Some(1));

        foreach (var wrong in new long[] { 1, 2, 4 })
        {
            var error = await Assert.ThrowsAsync<OptimisticConcurrencyException>(() => _store.AppendAsync("o1", ExpectedVersion.Exact(wrong), Some(1)));
            Assert.Equal((ExpectedVersion.Exact(wrong), 3L), (error.ExpectedVersion, error.ActualVersion));
            Assert.Contains($"expected Exact({wrong}), but it is at version 3", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(3, await _database.CountAsync());
        Assert.Equal(3, await _database.HeadAsync("o1"));
    }

    [Fact]
    public async Task Exact_of_an_aggregate_that_does_not_exist_is_a_conflict_with_version_0()
    {
        var error = await Assert.ThrowsAsync<OptimisticConcurrencyException>(() => _store.AppendAsync("o1", ExpectedVersion.Exact(1), Some(1)));

        Assert.Equal(0, error.ActualVersion);
        Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await _database.ScalarAsync<long>("select count(*) from aggregate_heads"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NoStream_and_Exact_0_mean_that_the_aggregate_does_not_exist(bool exact)
    {
        var none = exact ? ExpectedVersion.Exact(0) : ExpectedVersion.NoStream;
        Assert.Equal(ExpectedVersion.NoStream, none);
        await _store.AppendAsync("o1", none, Some(1));

        var error = await Assert.ThrowsAsync<OptimisticConcurrencyException>(() => _store.AppendAsync("o1", none, Some(1)));

        Assert.Equal(1, error.ActualVersion);
    }

    [Fact]
    public async Task Aggregates_are_told_apart_by_context_and_type_too()
    {
        foreach (var (context, type) in new[] { ("Sales", "Order"), ("Billing", "Order"), ("Sales", "Invoice") })
        {
            var result = await _store.AppendAsync(context, type, "1", ExpectedVersion.NoStream, Some(1), Token);
            Assert.Equal(1, result.LastVersion);
        }
    }

    [Fact]
    public async Task A_repeated_event_id_is_recognised_and_nothing_of_the_append_is_written()
    {
        var known = An();
        var first = await _store.AppendAsync("o1", ExpectedVersion.Any, known);

        var error = await Assert.ThrowsAsync<DuplicateEventException>(() => _store.AppendAsync("o2", ExpectedVersion.Any, An(), known, An()));

        Assert.Equal((known.EventId, first.LastPosition), (error.EventId, error.Position));
        Assert.Equal(1, await _database.CountAsync());
        Assert.Empty(await _store.ReadAsync("o2"));
    }

    [Fact]
    public async Task The_retry_of_an_append_that_had_succeeded_is_told_so_rather_than_of_a_conflict()
    {
        var events = Some(3);
        await _store.AppendAsync("o1", ExpectedVersion.NoStream, events);

        var error = await Assert.ThrowsAsync<DuplicateEventException>(() => _store.AppendAsync("o1", ExpectedVersion.NoStream, events));

        Assert.Equal(events[0].EventId, error.EventId);
    }

    [Fact]
    public async Task An_event_id_twice_in_one_append_is_a_duplicate()
    {
        var twice = An();

        var error = await Assert.ThrowsAsync<DuplicateEventException>(() => _store.AppendAsync("o1", ExpectedVersion.Any, twice, twice));

        Assert.Equal((twice.EventId, (long?)null), (error.EventId!.Value, error.Position));
    }

    [Fact]
    public async Task A_payload_of_10_MB_comes_back_unharmed()
    {
        var payload = RandomNumberGenerator.GetBytes(10 << 20);

        await _store.AppendAsync("o1", ExpectedVersion.Any, new() { EventType = "Big", Payload = payload }, An());

        var read = await _store.ReadAsync("o1");
        Assert.Equal(SHA256.HashData(payload), SHA256.HashData(read[0].Payload.Span));
        Assert.Equal(2, read[1].GlobalPosition);
    }

    [Fact]
    public async Task An_empty_payload_is_a_payload()
    {
        await _store.AppendAsync("o1", ExpectedVersion.Any, new Event { EventType = "Empty", Payload = ReadOnlyMemory<byte>.Empty });

        Assert.Equal(0, Assert.Single(await _store.ReadAsync("o1")).Payload.Length);
    }

    [Fact]
    public async Task A_stream_is_read_by_version_range_and_can_be_left_early()
    {
        await _store.AppendAsync("o1", ExpectedVersion.Any, Some(10));

        Assert.Equal([3L, 4, 5], (await _store.ReadAsync("o1", 3, 5)).Select(@event => @event.AggregateVersion));
        Assert.Equal([9L, 10], (await _store.ReadAsync("o1", from: 9)).Select(@event => @event.AggregateVersion));
        Assert.Empty(await _store.ReadAsync("o1", 11));
        Assert.Empty(await _store.ReadAsync("unknown"));

        await foreach (var @event in _store.ReadStreamAsync("Sales", "Order", "o1", cancellationToken: Token))
        {
            Assert.Equal(1, @event.AggregateVersion);
            break;
        }
    }

    [Fact]
    public async Task A_failure_at_commit_is_not_taken_for_success()
    {
        await _database.ExecuteAsync("""
            create function refuse() returns trigger language plpgsql as 'begin raise exception ''refused at commit''; end';
            create constraint trigger refuse after insert on events deferrable initially deferred for each row execute function refuse();
            """);

        foreach (var expected in new[] { ExpectedVersion.Any, ExpectedVersion.NoStream })
            await Assert.ThrowsAsync<PostgresException>(() => _store.AppendAsync("o1", expected, Some(2)));

        Assert.Equal(0, await _database.CountAsync());
    }

    [Fact]
    public async Task A_unique_violation_that_is_not_the_logs_own_stays_what_it_is()
    {
        await _database.ExecuteAsync("""
            create table outbox (id int primary key);
            create function copy_out() returns trigger language plpgsql as 'begin insert into outbox values (1); return null; end';
            create trigger copy_out after insert on events for each row execute function copy_out();
            """);
        await _store.AppendAsync("o1", ExpectedVersion.Any, Some(1));

        var error = await Assert.ThrowsAsync<PostgresException>(() => _store.AppendAsync("o2", ExpectedVersion.Any, Some(1)));

        Assert.Equal("outbox_pkey", error.ConstraintName);
    }

    [Fact]
    public async Task A_cancelled_append_writes_nothing_and_leaves_the_connection_usable()
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var blocker = await _database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await blocker.BeginTransactionAsync(Token);
        await _store.AppendAsync("Sales", "Order", "o1", ExpectedVersion.Any, Some(1), transaction, Token);

        var waiting = _store.AppendAsync("Sales", "Order", "o1", ExpectedVersion.Any, Some(1), cancellation.Token);
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<long>("select count(*) from pg_locks where not granted") > 0,
            TimeSpan.FromSeconds(10),
            "the second append waits for the first");
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await transaction.RollbackAsync(Token);
        Assert.Equal(0, await _database.CountAsync());
        Assert.Equal(1, (await _store.AppendAsync("o1", ExpectedVersion.NoStream, Some(1))).LastVersion);
    }

    [Fact]
    public async Task Prepared_statements_append_as_well()
    {
        await using var preparing = NpgsqlDataSource.Create(_database.ConnectionString + ";Max Auto Prepare=10;Auto Prepare Min Usages=2");
        var store = new EventStore(preparing);

        for (var version = 0; version < 20; version++)
        {
            var result = await store.AppendAsync("o1", version % 2 == 0 ? ExpectedVersion.Any : ExpectedVersion.Exact(version), Some(1));
            Assert.Equal(version + 1, result.LastVersion);
        }

        await Assert.ThrowsAsync<OptimisticConcurrencyException>(() => store.AppendAsync("o1", ExpectedVersion.Exact(3), Some(1)));
    }

    [Fact]
    public async Task Appending_does_not_notify()
    {
        await using var listener = await _database.DataSource.OpenConnectionAsync(Token);
        var heard = 0;
        listener.Notification += (_, _) => heard++;
        await using (var listen = new NpgsqlCommand("listen pupsourcing_events; listen events", listener))
            await listen.ExecuteNonQueryAsync(Token);

        await _store.AppendAsync("o1", ExpectedVersion.Any, Some(1));

        await using (var round = new NpgsqlCommand("select 1", listener))
            await round.ExecuteNonQueryAsync(Token);
        Assert.Equal(0, heard);
    }
}
