using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Pup.Grains.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class LookChecksTests(PostgresServer server)
{
    [Fact]
    public async Task A_sequence_that_hands_out_blocks_is_refused_by_name_and_accepted_once_repaired()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("alter sequence events_global_position_seq cache 20");
        await Log.AppendAsync(database);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "alter sequence events_global_position_seq cache 1");
        Assert.Equal(0, feed.Status.Mark);
        await database.ExecuteAsync("alter sequence events_global_position_seq cache 1");
        await feed.MarkReachesAsync(1);
    }

    [Fact]
    public async Task A_sequence_changed_to_blocks_while_running_stops_the_mark()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(await Log.AppendAsync(database));
        await database.ExecuteAsync("alter sequence events_global_position_seq cache 20");
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "CACHE 20");
        await Log.AppendAsync(database);
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "CACHE 20");
        Assert.Equal(1, feed.Status.Mark);
    }

    [Fact]
    public async Task A_database_without_tables_says_what_to_run()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "pup migrate");
    }

    [Fact]
    public async Task A_missing_privilege_is_named_and_work_begins_when_it_is_granted()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendAsync(database);
        var role = $"role_{database.Name}";
        await database.ExecuteAsync($"create role {role} login; grant select, insert, update on projection_log_mark, projection_checkpoints to {role}");
        await using var feed = RunningFeed.Start(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role }.ConnectionString);
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "grant select on events");
        await database.ExecuteAsync($"grant select on events to {role}");
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "grant select on sequence events_global_position_seq");
        await database.ExecuteAsync($"grant select on sequence events_global_position_seq to {role}; revoke all on projection_checkpoints from {role}");
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "projection_checkpoints");
        await database.ExecuteAsync($"grant select on projection_checkpoints to {role}");
        await feed.MarkReachesAsync(1);
    }

    [Fact]
    public async Task A_writer_of_another_role_is_still_named_as_far_as_it_may_be_seen()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var role = $"role_{database.Name}";
        await database.ExecuteAsync(
            $"create role {role} login; grant select, insert, update on projection_log_mark, projection_checkpoints, events to {role}; grant select on sequence events_global_position_seq to {role}");
        await using var feed = RunningFeed.Start(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role }.ConnectionString);
        await feed.GenerationAsync();
        await using var writer = await Log.BeginAsync(database, "stranger");
        await Log.AppendAsync(writer, "a", 1);
        await Log.AppendAsync(database);
        await Eventually.TrueAsync(
            () => feed.Status.Holders.Any(holder => holder.Writer.Pid == writer.ProcessID && holder.ToString().Contains("first seen", StringComparison.Ordinal)),
            RunningFeed.Patience,
            "the writer is named by pid and by when it was first seen");
    }

    [Fact]
    public async Task Positions_written_as_values_stop_the_mark_until_the_sequence_is_set()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(await Log.AppendAsync(database));
        await database.ExecuteAsync(
            "insert into events (global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) values (100, 'c', 'a', 'x', 1, gen_random_uuid(), 'T', '')");
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "positions were written as values");
        Assert.Equal(1, feed.Status.Mark);
        await database.ExecuteAsync("select setval('events_global_position_seq', 100)");
        await feed.MarkReachesAsync(100);
    }

    [Fact]
    public async Task A_users_isolation_level_does_not_reach_the_looks()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString + ";Options=-c default_transaction_isolation=serializable -c work_mem=9MB");
        var generation = await feed.GenerationAsync();
        await feed.MarkReachesAsync(await Log.AppendAsync(database));
        await using var command = generation.DataSource.CreateCommand("select current_setting('default_transaction_isolation') || current_setting('work_mem') || current_setting('application_name')");
        Assert.Equal("read committed9MBpup", await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_lock_on_the_log_is_reported_and_the_generation_lives_on()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        var generation = await feed.GenerationAsync();
        await using var schemaChange = await Log.BeginAsync(database);
        await schemaChange.ExecuteAsync("lock table events in access exclusive mode");
        await feed.ProblemAsync(FeedProblem.IncompleteLook, "waits for a lock");
        await schemaChange.ExecuteAsync("rollback");
        await feed.MarkReachesAsync(await Log.AppendAsync(database));
        Assert.Same(generation, await feed.GenerationAsync());
    }

    [Fact]
    public async Task A_look_that_hangs_ends_its_generation()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        var old = await feed.GenerationAsync();
        var pid = await database.ScalarAsync<int>("select pid from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'");
        await SignalAsync("STOP", pid);
        try
        {
            await Eventually.TrueAsync(() => old.Ended.IsCancellationRequested, RunningFeed.Patience, "the generation is over");
            await feed.MarkReachesAsync(await Log.AppendAsync(database));
        }
        finally
        {
            await SignalAsync("CONT", pid);
        }
    }

    [Fact]
    public async Task A_replica_is_refused()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(await Log.AppendAsync(database));
        await own.StopImmediateAsync();
        await File.WriteAllTextAsync(Path.Combine(own.SocketDirectory, "data", "standby.signal"), "", TestContext.Current.CancellationToken);
        await own.StartAgainAsync();
        await feed.ProblemAsync(FeedProblem.Disconnected, "replica");
        Assert.Equal(0, feed.Status.Generation);
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }
}
