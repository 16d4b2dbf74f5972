using Npgsql;
using Pup.Grains.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

/// <summary>Transactions that took a position early and commit late, in every way known to have lost events elsewhere.</summary>
public sealed class LateCommitTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync(server);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task An_open_transaction_that_took_a_position_holds_the_mark_back()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        var before = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(before);
        await using var writer = await Log.BeginAsync(_database);
        var late = await Log.AppendAsync(writer, "late", 1);

        await Log.AppendAsync(_database);
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.Equal(before, feed.Status.Mark);

        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, last, [before, late, late + 1, last]);
    }

    [Fact]
    public async Task A_transaction_that_has_the_lock_but_no_position_yet_holds_the_mark_back_too()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        var before = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(before);
        await using var writer = await Log.BeginAsync(_database);
        await writer.ExecuteAsync("insert into events select * from events where false");
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.Equal(before, feed.Status.Mark);
        await writer.ExecuteAsync("commit");
        await feed.MarkReachesAsync(last);
    }

    [Fact]
    public async Task A_transaction_open_at_start_up_is_waited_for()
    {
        await using var writer = await Log.BeginAsync(_database, "importer");
        var late = await Log.AppendAsync(writer, "late", 1);
        var last = await Log.AppendAsync(_database);

        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await SeesAsync(feed, last);
        Assert.Equal(0, feed.Status.Mark);
        await Eventually.TrueAsync(
            () => feed.Status.Holders.Any(holder => holder.Writer.Pid == writer.ProcessID && holder.Application == "importer" && holder.Began is not null),
            RunningFeed.Patience,
            "the status names the writer");

        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, last, [late, last]);
    }

    [Fact]
    public async Task A_transaction_open_across_a_restart_of_the_silo_holds_the_next_one_at_the_persisted_mark()
    {
        var before = await Log.AppendAsync(_database);
        await using var writer = await Log.BeginAsync(_database);
        await using (var first = RunningFeed.Start(_database.ConnectionString))
        {
            await first.MarkReachesAsync(before);
            await Eventually.TrueAsync(
                async () => await _database.ScalarAsync<long>("select coalesce(max(mark), 0) from projection_log_mark") == before, RunningFeed.Patience, "the mark is persisted");
            await Log.AppendAsync(writer, "late", 1);
        }

        var last = await Log.AppendAsync(_database);
        await using var second = RunningFeed.Start(_database.ConnectionString);
        await SeesAsync(second, last);
        Assert.Equal(before, second.Status.Mark);
        await writer.ExecuteAsync("commit");
        await AllArriveAsync(second, last, [before, last - 1, last]);
    }

    [Fact]
    public async Task A_rolled_back_gap_is_passed()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await using var writer = await Log.BeginAsync(_database);
        var gap = await Log.AppendAsync(writer, "gone", 1);
        var last = await Log.AppendAsync(_database);
        await writer.ExecuteAsync("rollback");
        await AllArriveAsync(feed, last, [last]);
        Assert.True(gap < last);
    }

    [Fact]
    public async Task A_rolled_back_savepoint_leaves_a_gap_but_the_transaction_still_counts()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(_database);
        var first = await Log.AppendAsync(writer, "a", 1);
        await writer.ExecuteAsync("savepoint s");
        await Log.AppendAsync(writer, "a", 2);
        await writer.ExecuteAsync("rollback to savepoint s");
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.True(feed.Status.Mark < first);
        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, last, [first, last]);
    }

    [Fact]
    public async Task A_position_taken_only_inside_a_savepoint_that_was_rolled_back_does_not_lose_what_follows()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(_database);
        await writer.ExecuteAsync("savepoint s");
        await Log.AppendAsync(writer, "a", 1);
        // Rolling back releases the table's lock: the transaction is no writer until it writes again.
        await writer.ExecuteAsync("rollback to savepoint s");
        var between = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(between);
        var late = await Log.AppendAsync(writer, "a", 1);
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.True(feed.Status.Mark < late);
        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, last, [between, late, last]);
    }

    [Fact]
    public async Task A_session_idle_in_transaction_is_reported_by_pid_and_application()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(_database, "forgotten");
        await Log.AppendAsync(writer, "a", 1);
        await Log.AppendAsync(_database);
        await Eventually.TrueAsync(
            () => feed.Status.Holders.Any(holder => holder.Writer.Pid == writer.ProcessID && holder.Application == "forgotten"),
            RunningFeed.Patience,
            "the status names pid and application");
        Assert.Contains("forgotten", feed.Status.Holders[0].ToString(), StringComparison.Ordinal);
        await writer.ExecuteAsync("rollback");
        await Eventually.TrueAsync(() => feed.Status.Holders.Count == 0, RunningFeed.Patience, "nobody holds the mark");
    }

    [Fact]
    public async Task A_prepared_transaction_holds_the_mark_back_without_a_session()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        long late;
        var name = $"late {_database.Name}";
        await using (var writer = await Log.BeginAsync(_database))
        {
            late = await Log.AppendAsync(writer, "late", 1);
            await writer.ExecuteAsync($"prepare transaction '{name}'");
        }

        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.True(feed.Status.Mark < late);
        await Eventually.TrueAsync(
            () => feed.Status.Holders.Any(holder => holder.Writer.Pid is null && holder.PreparedAs == name), RunningFeed.Patience, "the status names the prepared transaction");
        await _database.ExecuteAsync($"commit prepared '{name}'");
        await AllArriveAsync(feed, last, [late, last]);
    }

    [Fact]
    public async Task A_bulk_copy_holds_the_mark_back_until_it_ends()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = new NpgsqlConnection(_database.ConnectionString + ";Pooling=false");
        await writer.OpenAsync(TestContext.Current.CancellationToken);
        long last;
        await using (var copy = await writer.BeginBinaryImportAsync(Log.CopySql, TestContext.Current.CancellationToken))
        {
            for (var version = 1L; version <= 5_000; version++)
                await Log.WriteRowAsync(copy, "copied", version);

            // The server has had most rows by now, and given them positions.
            await Eventually.TrueAsync(
                async () => await _database.ScalarAsync<long>("select last_value from events_global_position_seq") > 100, RunningFeed.Patience, "the copy takes positions");
            last = await Log.AppendAsync(_database);
            await SeesAsync(feed, last);
            Assert.Equal(0, feed.Status.Mark);
            await copy.CompleteAsync(TestContext.Current.CancellationToken);
        }

        last = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(last);
        Assert.Equal(5_002, (await feed.ReadAsync(0, last)).Count);
    }

    [Fact]
    public async Task A_writer_that_dies_between_taking_a_position_and_committing_is_passed()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(_database);
        await Log.AppendAsync(writer, "dead", 1);
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        await _database.ExecuteAsync("select pg_terminate_backend($1)", writer.ProcessID);
        await AllArriveAsync(feed, last, [last]);
    }

    [Fact]
    public async Task A_position_taken_by_nextval_and_never_inserted_is_passed()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        var first = await Log.AppendAsync(_database);
        await _database.ExecuteAsync("select nextval('events_global_position_seq')");
        var last = await Log.AppendAsync(_database);
        await AllArriveAsync(feed, last, [first, last]);
    }

    [Fact]
    public async Task An_insert_straight_into_a_child_of_an_inheriting_log_holds_the_mark_back()
    {
        await _database.ExecuteAsync("create table events_old () inherits (events)");
        await _database.ExecuteAsync("create table events_older () inherits (events_old)");
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(_database);
        await writer.ExecuteAsync(
            "insert into events_older (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) values ('c', 'a', 'x', 1, gen_random_uuid(), 'T', '')");
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.True(feed.Status.Mark < last - 1);
        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, last, [last - 1, last]);
    }

    [Fact]
    public async Task An_insert_straight_into_a_partition_of_the_log_holds_the_mark_back()
    {
        await _database.ExecuteAsync(
            """
            alter table events rename to events_flat;
            create table events (like events_flat including defaults) partition by range (global_position);
            create table events_1 partition of events for values from (1) to (1000000);
            create index on events (global_position)
            """);
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(_database);
        await writer.ExecuteAsync(
            "insert into events_1 (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) values ('c', 'a', 'x', 1, gen_random_uuid(), 'T', '')");
        var last = await Log.AppendAsync(_database);
        await SeesAsync(feed, last);
        Assert.True(feed.Status.Mark < last - 1);
        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, last, [last - 1, last]);
    }

    [Fact]
    public async Task An_insert_under_a_stronger_lock_of_the_same_transaction_holds_the_mark_back()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        var before = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(before);
        await using var writer = await Log.BeginAsync(_database);
        await writer.ExecuteAsync("lock table events in share row exclusive mode");
        await Log.AppendAsync(writer, "a", 1);
        await writer.ExecuteAsync("select nextval('events_global_position_seq')");
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<long>("select count(*) from pg_locks where mode = 'RowExclusiveLock' and relation = 'events'::regclass and granted") == 1,
            RunningFeed.Patience,
            "the writer shows the lock we look for");
        await feed.LooksAgainAsync();
        Assert.Equal(before, feed.Status.Mark);
        await writer.ExecuteAsync("commit");
        await AllArriveAsync(feed, before + 1, [before, before + 1]);
    }

    [Fact]
    public async Task Vacuum_analyse_and_a_concurrent_index_do_not_hold_the_mark_back()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await Log.AppendAsync(_database);
        // A transaction that holds the mode VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY hold, for as long as we like.
        await using var maintenance = await Log.BeginAsync(_database, "maintenance");
        await maintenance.ExecuteAsync("lock table events in share update exclusive mode");
        var last = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(last);
        Assert.Empty(feed.Status.Holders);
        await maintenance.ExecuteAsync("rollback");

        // And for real: the index build waits for this old snapshot, half-way.
        await using var old = await Log.BeginAsync(_database, "old snapshot");
        await old.ExecuteAsync("set transaction isolation level repeatable read; select count(*) from aggregate_heads; create temp table t (x int)");
        await using var builder = new NpgsqlConnection(_database.ConnectionString + ";Pooling=false");
        await builder.OpenAsync(TestContext.Current.CancellationToken);
        var building = builder.ExecuteAsync("create index concurrently idx_test on events (created_at)");
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<long>("select count(*) from pg_stat_progress_create_index where datname = current_database()") > 0, RunningFeed.Patience, "the index is being built");
        last = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(last);
        Assert.False(building.IsCompleted);
        await old.ExecuteAsync("rollback");
        await building;
    }

    [Fact]
    public async Task Writers_of_another_database_do_not_hold_the_mark_back()
    {
        await using var other = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await using var writer = await Log.BeginAsync(other);
        await Log.AppendAsync(writer, "a", 1);
        var last = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(last);
        Assert.Empty(feed.Status.Holders);
    }

    [Fact]
    public async Task Writers_of_other_tables_do_not_hold_the_mark_back()
    {
        await using var feed = RunningFeed.Start(_database.ConnectionString);
        await using var writer = await Log.BeginAsync(_database);
        await writer.ExecuteAsync("insert into aggregate_heads values ('c', 'a', 'x', 1)");
        var last = await Log.AppendAsync(_database);
        await feed.MarkReachesAsync(last);
    }

    // The look has seen the position, and looked again: what the mark is now is what the rule makes of it.
    private static async Task SeesAsync(RunningFeed feed, long position)
    {
        await Eventually.TrueAsync(() => feed.Status.Visible >= position, RunningFeed.Patience, $"the feed sees {position} ({feed.Status.ProblemText})");
        await feed.LooksAgainAsync();
    }

    private static async Task AllArriveAsync(RunningFeed feed, long last, long[] expected)
    {
        await feed.MarkReachesAsync(last);
        Assert.Equal(expected, (await feed.ReadAsync(0, last)).Select(read => read.Event.GlobalPosition));
    }
}
