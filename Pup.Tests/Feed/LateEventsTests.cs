using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class LateEventsTests(PostgresServer server)
{
    [Fact]
    public async Task An_event_that_is_written_below_the_mark_by_value_is_raised_once()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 10);
        var gap = await database.ScalarAsync<long>("select nextval(pg_get_serial_sequence('events', 'global_position'))");
        await Log.AppendManyAsync(database, 10);
        await using var feed = RunningFeed.Start(database.ConnectionString, static options => options.AuditInterval = TimeSpan.FromMilliseconds(50));
        await feed.MarkReachesAsync(21);
        await feed.LooksForAsync(TimeSpan.FromMilliseconds(500));
        Assert.Equal(0, feed.Status.LateEvents);

        await AppendAtAsync(database, gap);
        await Eventually.TrueAsync(() => feed.Status.LateEvents == 1, RunningFeed.Patience, "one late event");
        await feed.LooksForAsync(TimeSpan.FromMilliseconds(500));
        Assert.Equal(1, feed.Status.LateEvents);

        // The count outlives the generation, and what was there before the next one is not late to it.
        await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pup' and datname = current_database()");
        await Eventually.TrueAsync(() => feed.Status.Generation == 2, RunningFeed.Patience, "the next generation");
        await Log.AppendManyAsync(database, 10);
        await feed.MarkReachesAsync(31);
        await feed.LooksForAsync(TimeSpan.FromMilliseconds(500));
        Assert.Equal(1, feed.Status.LateEvents);
    }

    [Fact]
    public async Task Events_that_are_deleted_are_not_late_and_a_window_is_bounded()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var gap = await database.ScalarAsync<long>("select nextval(pg_get_serial_sequence('events', 'global_position'))");
        await Log.AppendManyAsync(database, 30);
        await using var feed = RunningFeed.Start(database.ConnectionString, static options => (options.AuditInterval, options.AuditSpan) = (TimeSpan.FromMilliseconds(50), 20));
        await feed.MarkReachesAsync(31);
        await feed.LooksForAsync(TimeSpan.FromMilliseconds(300));

        await database.ExecuteAsync("delete from events where global_position > 25");
        await AppendAtAsync(database, gap);
        await Log.AppendManyAsync(database, 10);
        await feed.MarkReachesAsync(41);
        await feed.LooksForAsync(TimeSpan.FromMilliseconds(500));
        Assert.Equal(0, feed.Status.LateEvents);
    }

    private static Task AppendAtAsync(TestDatabase database, long position) => database.ExecuteAsync(
        """
        insert into events (global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        values ($1, 'test', 'thing', 'late', 1, gen_random_uuid(), 'Happened', '')
        """,
        position);
}
