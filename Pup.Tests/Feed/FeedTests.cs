using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class FeedTests(PostgresServer server)
{
    [Fact]
    public async Task Events_arrive_in_order_and_once()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 10_000);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(10_000);

        var events = await feed.ReadAsync(0, 10_000);

        Assert.Equal(Enumerable.Range(1, 10_000).Select(position => (long)position), events.Select(read => read.Event.GlobalPosition));
    }

    [Fact]
    public async Task A_reader_at_the_end_is_woken_by_the_next_commit()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        var generation = await feed.GenerationAsync();
        var waiting = feed.Feed.ReadAsync(generation, ProjectionScope.All, 0, TestContext.Current.CancellationToken).AsTask();
        Assert.False(waiting.IsCompleted);

        var position = await Log.AppendAsync(database);

        var slice = await waiting.WaitAsync(RunningFeed.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(position, slice.UpTo);
        Assert.Equal(position, Assert.Single(slice.Events.ToArray()).Event.GlobalPosition);
    }

    [Fact]
    public async Task A_scope_skips_what_is_not_its_own_and_still_says_how_far_it_scanned()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 20_000);
        await database.ExecuteAsync("update events set event_type = 'Rare' where global_position % 5000 = 0");
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(20_000);

        var events = await feed.ReadAsync(0, 20_000, new ProjectionScope(eventTypes: ["Rare"]));

        Assert.Equal([5000L, 10_000L, 15_000L, 20_000L], events.Select(read => read.Event.GlobalPosition));
    }

    [Fact]
    public async Task All_columns_arrive_as_they_were_written()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync(
            """
            insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version,
                                payload, trace_id, correlation_id, causation_id, metadata, created_at)
            values ('c', 'a', 'hello', 3, '7f3a0000-0000-0000-0000-000000000001', 'T', 2, '\x00ff', 't', 'co', 'ca', '{"a": 1}', '2026-01-02 03:04:05.678901+00'),
                   ('c', 'a', '', 1, gen_random_uuid(), 'T', 2, '', null, null, null, null, 'infinity'),
                   ('c', 'a', '', 2, gen_random_uuid(), 'T', 2, '', null, null, null, null, '4000-01-01 BC')
            """);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(3);

        var events = await feed.ReadAsync(0, 3);

        var full = events[0].Event;
        Assert.Equal(("c", "a", "hello", 3L, "T", 2), (full.BoundedContext, full.AggregateType, full.AggregateId, full.AggregateVersion, full.EventType, full.EventVersion));
        Assert.Equal(Guid.Parse("7f3a0000-0000-0000-0000-000000000001"), full.EventId);
        Assert.Equal([0, 255], full.Payload.ToArray());
        Assert.Equal(("t", "co", "ca", "{\"a\": 1}"), (full.TraceId, full.CorrelationId, full.CausationId, full.Metadata));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, 901, TimeSpan.Zero), full.CreatedAt);
        Assert.Equal(0x4f9f2cabu, events[0].Hash);
        Assert.Equal(0x811c9dc5u, events[1].Hash);
        Assert.Equal(DateTimeOffset.MaxValue, events[1].Event.CreatedAt);
        Assert.Equal(DateTimeOffset.MinValue, events[2].Event.CreatedAt);
        Assert.Null(events[1].Event.Metadata);
    }
}
