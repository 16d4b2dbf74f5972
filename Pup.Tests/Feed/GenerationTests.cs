using Npgsql;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class GenerationTests(PostgresServer server)
{
    [Fact]
    public async Task A_killed_look_session_begins_a_new_generation_and_statements_of_the_old_one_fail()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 100);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(100);
        var old = await feed.GenerationAsync();
        // An idle connection of the old generation, taken before it ends.
        await using var connection = await old.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await CheckAsync(connection, old.Key));

        await KillLookAsync(database);
        await Eventually.TrueAsync(() => old.Ended.IsCancellationRequested, RunningFeed.Patience, "the old generation is over");

        var refused = await Assert.ThrowsAsync<PostgresException>(() => CheckAsync(connection, old.Key));
        Assert.Equal(GenerationCheck.SqlState, refused.SqlState);
        await Assert.ThrowsAsync<GenerationEndedException>(() => feed.Feed.ReadAsync(old, ProjectionScope.All, 0, TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(0, feed.Feed.MarkOf(old));
        var young = await feed.GenerationAsync();
        Assert.True(young.Number > old.Number);
        Assert.NotEqual(old.Key, young.Key);
        Assert.Equal(100, (await feed.ReadAsync(0, 100)).Count);
    }

    [Fact]
    public async Task Generations_share_the_bound_of_the_pool_but_never_a_connection()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString + ";Timeout=1", options => options.Workers = 1);
        var old = await feed.GenerationAsync();
        var hanging = new Queue<NpgsqlConnection>();
        while (hanging.Count < 3)
            hanging.Enqueue(await old.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken));
        var sessions = hanging.Select(static connection => connection.ProcessID).ToList();
        await KillLookAsync(database);
        await Eventually.TrueAsync(async () => (await feed.GenerationAsync()).Number > old.Number, RunningFeed.Patience, "the next generation");
        var young = await feed.GenerationAsync();

        var refused = await Assert.ThrowsAsync<NpgsqlException>(async () => await young.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken));
        Assert.Contains("exhausted", refused.Message, StringComparison.Ordinal);
        while (hanging.TryDequeue(out var connection))
            await connection.DisposeAsync();
        await using var own = await young.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(own.ProcessID, sessions);
    }

    [Fact]
    public async Task A_page_read_of_a_generation_whose_look_session_is_dead_fails_and_ends_it_also_on_an_empty_span()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var options = new Pup.Grains.PupOptions { ConnectionString = database.ConnectionString };
        await using var pool = PupConnectionString.CreateDataSource(PupConnectionString.Pool(options));
        await using var generation = new Generation(1, 4711, pool);
        var reader = new EventReader(generation, 8192);
        await Assert.ThrowsAsync<GenerationEndedException>(
            () => reader.ReadAsync(ProjectionScope.All, 1_000_000, 1_000_100, 1 << 20, TestContext.Current.CancellationToken));
        Assert.True(generation.Ended.IsCancellationRequested);
    }

    [Fact]
    public async Task The_mark_cannot_be_written_by_a_generation_that_is_over()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var options = new Pup.Grains.PupOptions { ConnectionString = database.ConnectionString };
        await using var pool = PupConnectionString.CreateDataSource(PupConnectionString.Pool(options));
        await using var generation = new Generation(1, 4711, pool);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => MarkStore.WriteAsync(generation, 10, 1, TestContext.Current.CancellationToken));
        Assert.Equal(GenerationCheck.SqlState, refused.SqlState);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_log_mark"));
    }

    [Fact]
    public async Task The_stored_mark_never_falls_nor_moves_under_another_sequence()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var options = new Pup.Grains.PupOptions { ConnectionString = database.ConnectionString };
        await using var session = await LookSession.OpenAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        await using var pool = PupConnectionString.CreateDataSource(PupConnectionString.Pool(options));
        await using var generation = new Generation(1, session.Key, pool);
        foreach (var (mark, filenode) in new[] { (10L, 1L), (5L, 1L), (20L, 2L) })
            await MarkStore.WriteAsync(generation, mark, filenode, TestContext.Current.CancellationToken);
        Assert.Equal(10L, await database.ScalarAsync<long>("select mark from projection_log_mark where sequence_filenode = 1"));
    }

    [Fact]
    public async Task A_waiting_reader_learns_that_its_generation_is_over()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        var generation = await feed.GenerationAsync();
        var waiting = feed.Feed.ReadAsync(generation, ProjectionScope.All, 0, TestContext.Current.CancellationToken).AsTask();
        await KillLookAsync(database);
        await Assert.ThrowsAsync<GenerationEndedException>(() => waiting.WaitAsync(RunningFeed.Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Cancelling_a_waiting_reader_is_a_cancellation()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        var generation = await feed.GenerationAsync();
        using var stop = new CancellationTokenSource();
        var waiting = feed.Feed.ReadAsync(generation, ProjectionScope.All, 0, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task After_a_restart_of_the_server_everything_goes_on_and_a_prepared_transaction_still_holds_the_mark()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        var first = await Log.AppendAsync(database);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(first);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select coalesce(max(mark), 0) from projection_log_mark") == first, RunningFeed.Patience, "the mark is persisted");
        var old = await feed.GenerationAsync();
        await using (var writer = await Log.BeginAsync(database))
        {
            await Log.AppendAsync(writer, "late", 1);
            await writer.ExecuteAsync("prepare transaction 'late'");
        }

        NpgsqlConnection.ClearAllPools();
        await own.StopImmediateAsync();
        await feed.ProblemAsync(FeedProblem.Disconnected, "");
        Assert.True(old.Ended.IsCancellationRequested);
        await own.StartAgainAsync();

        database.DataSource.Clear();
        var last = await Log.AppendAsync(database);
        await Eventually.TrueAsync(() => feed.Status is { Problem: FeedProblem.None } status && status.Visible >= last, RunningFeed.Patience, "the feed is back");
        await feed.LooksAgainAsync();
        Assert.Equal(first, feed.Status.Mark);
        await Eventually.TrueAsync(() => feed.Status.Holders.Any(holder => holder.PreparedAs == "late"), RunningFeed.Patience, "the prepared transaction is named");
        await database.ExecuteAsync("commit prepared 'late'");
        await feed.MarkReachesAsync(last);
        Assert.Equal(3, (await feed.ReadAsync(0, last)).Count);
    }

    [Fact]
    public async Task A_server_that_is_down_at_the_start_is_waited_for()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        var last = await Log.AppendAsync(database);
        await own.StopImmediateAsync();
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.ProblemAsync(FeedProblem.Disconnected, "");
        await own.StartAgainAsync();
        await feed.MarkReachesAsync(last);
    }

    [Fact]
    public async Task Without_a_listener_polling_goes_on()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.GenerationAsync();
        await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'");
        await feed.MarkReachesAsync(await Log.AppendAsync(database));
    }

    [Fact]
    public async Task A_notification_wakes_an_idle_feed()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        // So idle that only a notification can wake it in time.
        await using var feed = RunningFeed.Start(database.ConnectionString, options => options.LookInterval = options.IdleLookInterval = TimeSpan.FromMinutes(10));
        await feed.GenerationAsync();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and query like 'listen %' and state = 'idle'") == 1,
            RunningFeed.Patience,
            "the feed listens");
        var position = await Log.AppendAsync(database);
        await database.ExecuteAsync("notify pupsourcing_events");
        await feed.MarkReachesAsync(position);
    }

    private static Task KillLookAsync(TestDatabase database) => database.ExecuteAsync(
        """
        select pg_terminate_backend(l.pid) from pg_locks l
        where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and l.granted
          and l.database = (select oid from pg_database where datname = current_database())
        """);

    private static async Task<int> CheckAsync(NpgsqlConnection connection, long key)
    {
        await using var command = new NpgsqlCommand($"select 1 where {GenerationCheck.OnFirstParameter}", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
