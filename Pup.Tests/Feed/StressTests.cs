using Npgsql;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class StressTests(PostgresServer server)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("PUP_LONG") == "1";

    [Fact]
    public async Task Under_stress_no_event_is_missed_and_each_aggregate_comes_in_order()
    {
        var (events, missed, disordered, late, seed) = await RunAsync(null);
        Assert.True(events > 500, $"{events} events are no stress");
        Assert.True(missed.Count == 0, $"seed {seed}: {missed.Count} of {events} missed: {string.Join(", ", missed.Take(10))}");
        Assert.True(disordered == 0, $"seed {seed}: {disordered} of {events} out of order");
        Assert.True(late == 0, $"seed {seed}: {late} of {events} were taken for late");
        TestContext.Current.SendDiagnosticMessage($"seed {seed}: {events} events, none missed");
    }

    [Fact]
    public async Task The_same_check_fails_when_the_mark_is_what_is_visible()
    {
        var (events, missed, _, late, seed) = await RunAsync(_ => new NaiveMark());
        Assert.True(missed.Count > 0, $"seed {seed}: a naive mark missed none of {events}");
        Assert.True(late > 0, $"seed {seed}: the audit found none of the {missed.Count} that came late");
        TestContext.Current.SendDiagnosticMessage($"seed {seed}: a naive mark missed {missed.Count} of {events} events");
    }

    [Fact]
    public async Task Over_crashes_of_the_server_and_of_single_sessions_no_event_is_missed_or_applied_twice()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        var seed = Random.Shared.Next();
        await using var feed = RunningFeed.Start(database.ConnectionString, AuditOften);
        await database.ExecuteAsync("create table ledger (position bigint primary key); insert into projection_checkpoints (projection_name) values ('ledger')");
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() => KeepLedgerAsync(feed, database, stop.Token), TestContext.Current.CancellationToken);
        using var quiet = new CancellationTokenSource();
        var traffic = new Traffic(database, seed) { SurvivesCrashes = true }.RunAsync(quiet.Token);
        for (var crash = 0; crash < (IsLong ? 10 : 2); crash++)
        {
            await ReadsOnAsync(database, 200);
            await database.ExecuteAsync("select pg_terminate_backend(pid) from (select pid from pg_stat_activity where application_name = 'traffic' and datname = current_database() limit 3) t");
            await own.StopImmediateAsync();
            await own.StartAgainAsync();
            database.DataSource.Clear();
        }

        await ReadsOnAsync(database, 200);
        await quiet.CancelAsync();
        await traffic;
        await ResolveAsync(database);
        var last = await database.ScalarAsync<long>("select max(global_position) from events");
        await Eventually.TrueAsync(async () => await CheckpointAsync(database) >= last, RunningFeed.Patience, $"the ledger reaches {last}");
        await stop.CancelAsync();
        await reading;

        var missed = await database.ScalarAsync<long>("select count(*) from events where not exists (select from ledger where position = global_position)");
        var phantom = await database.ScalarAsync<long>("select count(*) from ledger where not exists (select from events where position = global_position)");
        Assert.True(missed == 0 && phantom == 0, $"seed {seed}: {missed} missed, {phantom} applied that do not exist");
        Assert.True(feed.Status.LateEvents == 0, $"seed {seed}: {feed.Status.LateEvents} were taken for late");
    }

    private static void AuditOften(PupOptions options) => options.AuditInterval = TimeSpan.FromMilliseconds(50);

    private static Task<long> CheckpointAsync(TestDatabase database) =>
        database.ScalarAsync<long>("select last_global_position from projection_checkpoints where projection_name = 'ledger'");

    private static async Task ReadsOnAsync(TestDatabase database, int events)
    {
        var target = await CheckpointAsync(database) + events;
        await Eventually.TrueAsync(
            async () =>
            {
                await ResolveAsync(database);
                return await CheckpointAsync(database) >= target;
            },
            RunningFeed.Patience,
            $"the ledger passes {target}");
    }

    private async Task<(int Events, List<long> Missed, int Disordered, long Late, int Seed)> RunAsync(Func<long?, IMarkRule>? rule)
    {
        var seed = Random.Shared.Next();
        await using var database = await TestDatabase.CreateAsync(server);
        await using var feed = RunningFeed.Start(database.ConnectionString, AuditOften, rule);
        var target = long.MaxValue;
        var all = Task.Run(() => FollowAsync(feed, ProjectionScope.All, () => Volatile.Read(ref target)), TestContext.Current.CancellationToken);
        var copied = Task.Run(() => FollowAsync(feed, new ProjectionScope(eventTypes: ["Copied"]), () => Volatile.Read(ref target)), TestContext.Current.CancellationToken);

        await new Traffic(database, seed).RunAsync(TimeSpan.FromSeconds(IsLong ? 180 : 5));
        Volatile.Write(ref target, await Log.AppendAsync(database));
        // One more, so that readers that already wait at the target look up.
        await Log.AppendAsync(database);
        var events = await all.WaitAsync(RunningFeed.Patience, TestContext.Current.CancellationToken);
        var copies = await copied.WaitAsync(RunningFeed.Patience, TestContext.Current.CancellationToken);

        var missed = await MissedAsync(database, events, "global_position <= $1", target);
        missed.AddRange(await MissedAsync(database, copies, "global_position <= $1 and event_type = 'Copied'", target));
        await feed.LooksForAsync(TimeSpan.FromMilliseconds(200));
        return (events.Count, missed, Disordered(events), feed.Status.LateEvents, seed);
    }

    private static async Task<List<FeedEvent>> FollowAsync(RunningFeed feed, ProjectionScope scope, Func<long> target)
    {
        var generation = await feed.Feed.GenerationAsync(CancellationToken.None);
        var events = new List<FeedEvent>();
        for (var position = 0L; position < target();)
        {
            var slice = await feed.Feed.ReadAsync(generation, scope, position, CancellationToken.None);
            events.AddRange(slice.Events.ToArray());
            position = slice.UpTo;
        }

        events.RemoveAll(read => read.Event.GlobalPosition > target());
        return events;
    }

    private static async Task<List<long>> MissedAsync(TestDatabase database, List<FeedEvent> read, string condition, long last)
    {
        var seen = read.Select(each => each.Event.GlobalPosition).ToHashSet();
        Assert.Equal(read.Count, seen.Count);
        var missed = new List<long>();
        await using var command = database.DataSource.CreateCommand($"select global_position from events where {condition}");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last });
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            if (!seen.Remove(reader.GetInt64(0)))
                missed.Add(reader.GetInt64(0));
        }

        Assert.Empty(seen);
        return missed;
    }

    private static int Disordered(List<FeedEvent> events)
    {
        var versions = new Dictionary<string, long>();
        var disordered = 0;
        foreach (var (read, _) in events)
        {
            if (read.AggregateVersion <= versions.GetValueOrDefault(read.AggregateId))
                disordered++;
            versions[read.AggregateId] = read.AggregateVersion;
        }

        return disordered;
    }

    // A worker in its barest form: events and checkpoint in one transaction, tied to the generation.
    private static async Task KeepLedgerAsync(RunningFeed feed, TestDatabase database, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var generation = await feed.Feed.GenerationAsync(cancellationToken);
                var position = await CheckpointAsync(database);
                while (true)
                {
                    var slice = await feed.Feed.ReadAsync(generation, ProjectionScope.All, position, cancellationToken);
                    await WriteLedgerAsync(generation, slice, cancellationToken);
                    position = slice.UpTo;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is GenerationEndedException or NpgsqlException { SqlState: not PostgresErrorCodes.UniqueViolation } or ObjectDisposedException or OperationCanceledException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static async Task WriteLedgerAsync(Generation generation, FeedSlice slice, CancellationToken cancellationToken)
    {
        await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand($"select 1 where {GenerationCheck.OnFirstParameter}") { Parameters = { new NpgsqlParameter<long> { TypedValue = generation.Key } } },
                new NpgsqlBatchCommand(
                    "with m as (update projection_checkpoints set last_global_position = $2 where projection_name = 'ledger' and last_global_position = $1 returning 1) select 1 / count(*) from m")
                {
                    Parameters = { new NpgsqlParameter<long> { TypedValue = slice.From }, new NpgsqlParameter<long> { TypedValue = slice.UpTo } },
                },
                new NpgsqlBatchCommand("insert into ledger select unnest($1)") { Parameters = { new() { Value = slice.Events.ToArray().Select(read => read.Event.GlobalPosition).ToArray() } } },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // Prepared transactions whose writer was killed wait for a word. One that lives may be quicker.
    private static async Task ResolveAsync(TestDatabase database)
    {
        var names = new List<string>();
        await using (var command = database.DataSource.CreateCommand("select gid from pg_prepared_xacts where database = current_database()"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                names.Add(reader.GetString(0));
        }

        foreach (var name in names)
        {
            try
            {
                await database.ExecuteAsync($"commit prepared '{name}'");
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.ObjectNotInPrerequisiteState)
            {
            }
        }
    }
}
