using Pup.Grains.Feed;
using Pup.Silo;
using Pup.Silo.Commands;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class LogWentBackTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync(server);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_truncated_log_stops_a_running_feed_and_the_next_one_until_it_is_accepted()
    {
        await Log.AppendManyAsync(_database, 50);
        await using (var feed = RunningFeed.Start(_database.ConnectionString))
        {
            await PersistedAsync(feed, 50);
            await _database.ExecuteAsync("truncate events restart identity");
            await feed.ProblemAsync(FeedProblem.LogWentBack, "pup accept-log");
            await Log.AppendManyAsync(_database, 60);
            await feed.ProblemAsync(FeedProblem.LogWentBack, "pup accept-log");
        }

        await using var next = RunningFeed.Start(_database.ConnectionString);
        await next.ProblemAsync(FeedProblem.LogWentBack, "rebuild the projections");
        Assert.Equal(0, next.Status.Generation);

        await AcceptAsync();
        await next.MarkReachesAsync(60);
        await PersistedAsync(next, 60);
    }

    [Fact]
    public async Task A_log_restored_from_an_older_dump_is_recognised()
    {
        await Log.AppendManyAsync(_database, 50);
        await using (var feed = RunningFeed.Start(_database.ConnectionString))
            await PersistedAsync(feed, 50);
        // What pg_restore --clean does to the log alone.
        await _database.ExecuteAsync(
            """
            create table kept as select * from events where global_position <= 30;
            drop table events;
            create table events (like kept);
            create sequence events_global_position_seq owned by events.global_position;
            alter table events alter column global_position set default nextval('events_global_position_seq');
            insert into events select * from kept;
            select setval('events_global_position_seq', 30)
            """);
        await using var next = RunningFeed.Start(_database.ConnectionString);
        await next.ProblemAsync(FeedProblem.LogWentBack, "sequence");
    }

    [Fact]
    public async Task A_whole_database_that_lost_its_newest_events_is_recognised_by_a_checkpoint()
    {
        await Log.AppendManyAsync(_database, 30);
        await _database.ExecuteAsync("insert into projection_checkpoints (projection_name, last_global_position) values ('orders_p3', 50)");
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.ProblemAsync(FeedProblem.LogWentBack, "checkpoint 'orders_p3' stands at position 50, but the log ends at 30");

        var refused = await Assert.ThrowsAsync<StartupException>(AcceptAsync);
        Assert.Contains("orders_p3 at 50", refused.Message, StringComparison.Ordinal);

        await _database.ExecuteAsync("update projection_checkpoints set last_global_position = 0");
        await AcceptAsync();
        await feed.MarkReachesAsync(30);
    }

    [Fact]
    public async Task A_sequence_set_back_behind_deleted_rows_is_recognised()
    {
        await Log.AppendManyAsync(_database, 50);
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await PersistedAsync(feed, 50);
        await _database.ExecuteAsync("begin; delete from events where global_position > 20; select setval('events_global_position_seq', 20); commit");
        await feed.ProblemAsync(FeedProblem.LogWentBack, "stands at position 50, but the log ends at 20");
    }

    [Fact]
    public async Task The_mark_of_the_last_moment_is_written_down_before_the_feed_stops()
    {
        await Log.AppendManyAsync(_database, 50);
        await using (var feed = RunningFeed.Start(_database.ConnectionString))
        {
            await PersistedAsync(feed, 50);
            await Log.AppendManyAsync(_database, 10);
            await feed.MarkReachesAsync(60);
            await _database.ExecuteAsync("begin; delete from events where global_position > 55; select setval('events_global_position_seq', 55); commit");
            await feed.ProblemAsync(FeedProblem.LogWentBack, "60");
        }

        await using var next = RunningFeed.Start(_database.ConnectionString);
        await next.ProblemAsync(FeedProblem.LogWentBack, "60");
    }

    [Fact]
    public async Task Deleted_newest_rows_are_only_a_warning_while_running_and_at_the_start()
    {
        await Log.AppendManyAsync(_database, 50);
        await using (var feed = RunningFeed.Start(_database.ConnectionString))
        {
            await PersistedAsync(feed, 50);
            await _database.ExecuteAsync("delete from events where global_position > 40");
            await Eventually.TrueAsync(() => feed.Status.Warning?.Contains("deleted", StringComparison.Ordinal) == true, RunningFeed.Patience, "a warning");
            Assert.Equal(50, feed.Status.Mark);
        }

        await using var next = RunningFeed.Start(_database.ConnectionString);
        await Eventually.TrueAsync(() => next.Status.Warning?.Contains("the log ends at 40", StringComparison.Ordinal) == true, RunningFeed.Patience, "a warning");
        var last = await Log.AppendAsync(_database);
        Assert.Equal(51, last);
        await next.MarkReachesAsync(51);
        Assert.Equal(51, Assert.Single(await next.ReadAsync(50, 51)).Event.GlobalPosition);
        Assert.Null(next.Status.Warning);
    }

    [Fact]
    public async Task An_events_table_replaced_under_a_running_feed_is_recognised()
    {
        await Log.AppendManyAsync(_database, 50);
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await PersistedAsync(feed, 50);
        await _database.ExecuteAsync("begin; alter table events rename to events_old; create table events (like events_old including defaults); commit");
        await feed.ProblemAsync(FeedProblem.LogWentBack, "went back");
    }

    private async Task PersistedAsync(RunningFeed feed, long mark)
    {
        await feed.MarkReachesAsync(mark);
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<long>("select coalesce(max(mark), 0) from projection_log_mark") == mark, RunningFeed.Patience, $"mark {mark} is persisted");
    }

    private Task AcceptAsync() => new LogAcceptance(_database.DataSource).AcceptAsync("somebody", TestContext.Current.CancellationToken);
}
