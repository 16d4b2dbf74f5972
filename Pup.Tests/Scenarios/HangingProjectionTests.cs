using Npgsql;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Silo.Doctor;
using Pup.Tests.Support;
using Pup.Tests.Telemetry;

namespace Pup.Tests.Scenarios;

/// <summary>Projections that hang, and one beside them on the same silo that must not notice.</summary>
public sealed class HangingProjectionTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(2);

    private const int Batch = 5;

    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hung;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(4, 1)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    public async Task A_lock_on_one_read_model_leaves_the_others_their_pace(int workers, int hanging)
    {
        await using var database = await PrepareAsync();
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.Workers = workers);
        await engine.RunAsync(static () => new LedgerProjection("b"), partitions: 2);
        for (var i = 0; i < hanging; i++)
        {
            var name = $"a{i}";
            await engine.RunAsync(() => Held(name), partitions: 4);
        }

        await using (SteadyWriter.Start(database))
        {
            await AppliedAsync(database, "a0");
            await using (var blocker = await LockAsync(database))
            {
                Assert.InRange(await WorstLagAsync(database), TimeSpan.Zero, s_bound);
                await Doctors.AnnounceAsync(database, "a0");
                Assert.Equal($"pid {blocker.ProcessID} (reporting)", Doctors.Of(await Doctors.ExamineAsync(database, Doctors.Quick with { LockWait = TimeSpan.Zero }), "lock").Where);
            }
        }

        await AllExactAsync(engine, database, ["b", .. Enumerable.Range(0, hanging).Select(static i => $"a{i}")]);
    }

    public static TheoryData<string> Hangs => ["live, heeds its token", "live, ignores its token", "live, within a statement", "queues, while it runs ahead"];

    [Theory]
    [MemberData(nameof(Hangs))]
    public async Task A_handler_that_hangs_leaves_the_others_their_pace(string how)
    {
        await using var database = await PrepareAsync();
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.Workers = 2);
        await EventLog.AppendAsync(database, 200, 60);
        await engine.RunAsync(static () => new LedgerProjection("b"), partitions: 2);
        await engine.CaughtUpAsync(database);
        await engine.RunAsync(() => HangingLedger(how), partitions: how.StartsWith("live", StringComparison.Ordinal) ? 4 : 2, configure: static options => options.BatchSize = Batch);
        await Eventually.TrueAsync(() => _hung >= 1, s_patience, "it hangs");
        await using (SteadyWriter.Start(database))
        {
            Assert.InRange(await WorstLagAsync(database), TimeSpan.Zero, s_bound);
            _end.SetResult();
            await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'select pg_sleep%' and pid <> pg_backend_pid()");
        }

        await AllExactAsync(engine, database, "a", "b");
    }

    [Fact]
    public async Task A_rebuild_of_what_hangs_says_who_is_in_its_way()
    {
        await using var database = await PrepareAsync();
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.HandlerGrace = TimeSpan.FromMilliseconds(100));
        await EventLog.AppendAsync(database, 200, 60);
        await engine.RunAsync(static () => Held("a"), partitions: 2);
        await engine.CaughtUpAsync(database);
        var hasty = engine.Define(static () => Held("a"), partitions: 2, static options => options.HandlerTimeout = TimeSpan.FromSeconds(3));
        var generation = await engine.Feed.GenerationAsync(Token);
        await using (var blocker = await LockAsync(database, "ledger"))
        {
            // First in the way of what empties it, then in the way of its batches, and these in the way of the rebuild.
            await AssertNamedAsync(blocker);
            await EventLog.AppendAsync(database, 200, 60);
            await HungAsync(database, 2);
            await AssertNamedAsync(blocker);
        }

        await engine.Rebuild.RunAsync(generation, hasty, engine.Feed.MarkOf(generation), Token);
        foreach (var runner in engine.Runners)
            runner.Wake();
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from ledger where projection = 'a'") == 400, s_patience, "built again");
        await AllExactAsync(engine, database, "a");

        async Task AssertNamedAsync(NpgsqlConnection blocker)
        {
            var refusal = await Assert.ThrowsAsync<ProjectionRefusedException>(
                () => engine.Rebuild.RunAsync(generation, hasty, engine.Feed.MarkOf(generation), Token).WaitAsync(TimeSpan.FromSeconds(15), Token));
            Assert.Contains($"pid {blocker.ProcessID} (reporting), idle in transaction", refusal.Message, StringComparison.Ordinal);
            Assert.Equal("running", await database.ScalarAsync<string>("select state from projections"));
        }
    }

    [Fact]
    public async Task Another_projection_is_rebuilt_while_one_hangs()
    {
        await using var database = await PrepareAsync();
        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.Workers = 2);
        await EventLog.AppendAsync(database, 2_000, 60);
        var definition = engine.Define(static () => new LedgerProjection("b"), partitions: 2);
        await engine.RunAsync(static () => new LedgerProjection("b"), partitions: 2);
        await engine.CaughtUpAsync(database);
        await using (await LockAsync(database))
        {
            await engine.RunAsync(static () => Held("a"), partitions: 4);
            await HungAsync(database, 1);
            var generation = await engine.Feed.GenerationAsync(Token);
            await engine.Rebuild.RunAsync(generation, definition, engine.Feed.MarkOf(generation), Token).WaitAsync(TimeSpan.FromSeconds(5), Token);
            foreach (var runner in engine.Runners.Take(2))
                runner.Wake();
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<long>("select count(*) from ledger where projection = 'b'") == 2_000, TimeSpan.FromSeconds(10), "built again");
        }

        await AllExactAsync(engine, database, "a", "b");
    }

    private static LedgerProjection Held(string name) => new(name, static (@event, transaction, _) =>
    {
        transaction.Execute("insert into held values ($1)", @event.GlobalPosition);
        return ValueTask.CompletedTask;
    });

    private LedgerProjection HangingLedger(string how)
    {
        var handled = 0;
        return new LedgerProjection("a", async (_, transaction, cancellationToken) =>
        {
            // Not in a partition's first batch: only later ones can have the slot of the batch before them.
            if (how.StartsWith("queues", StringComparison.Ordinal))
                await (handled++ < Batch ? Task.CompletedTask : HangAsync());
            else
                await HangLiveAsync(how, await transaction.OpenAsync(CancellationToken.None), cancellationToken);
        });
    }

    private async Task HangLiveAsync(string how, NpgsqlTransaction live, CancellationToken cancellationToken)
    {
        if (_end.Task.IsCompleted)
            return;
        var hanging = HangAsync();
        if (how.Contains("heeds", StringComparison.Ordinal))
            await hanging.WaitAsync(cancellationToken);
        else if (how.Contains("ignores", StringComparison.Ordinal))
            await hanging;
        else
            await new NpgsqlCommand("select pg_sleep(1e6)", live.Connection) { CommandTimeout = 0 }.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private Task HangAsync()
    {
        Interlocked.Increment(ref _hung);
        return _end.Task;
    }

    private async Task<TestDatabase> PrepareAsync()
    {
        var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table held (position bigint)");
        return database;
    }

    private static async Task<NpgsqlConnection> LockAsync(TestDatabase database, string table = "held")
    {
        var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false;Application Name=reporting");
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand($"begin; lock table {table}", connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private static Task AppliedAsync(TestDatabase database, string projection) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<bool>("select exists (select from ledger where projection = $1)", projection), s_patience, $"{projection} under way");

    private static Task HungAsync(TestDatabase database, long sessions) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where application_name = 'pup' and datname = current_database() and wait_event_type = 'Lock'") == sessions,
        s_patience,
        $"{sessions} sessions wait");

    // How old an event of b became that was not applied.
    private static async Task<TimeSpan> WorstLagAsync(TestDatabase database)
    {
        var worst = TimeSpan.Zero;
        using var watch = new CancellationTokenSource(s_watch);
        while (!watch.IsCancellationRequested)
        {
            var lag = await database.ScalarAsync<TimeSpan>(
                """
                select coalesce(max(clock_timestamp() - e.created_at), interval '0') from events e
                where not exists (select from ledger l where l.projection = 'b' and l.global_position = e.global_position)
                """);
            if (lag > worst)
                worst = lag;
            await Task.Delay(20, Token);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"Worst lag of b: {worst}.");
        return worst;
    }

    private static async Task AllExactAsync(TestEngine engine, TestDatabase database, params string[] projections)
    {
        await engine.CaughtUpAsync(database, s_patience);
        foreach (var projection in projections)
            await Ledger.AssertExactAsync(database, projection);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        Assert.All(engine.Runners, static runner => Assert.Equal(PartitionState.Running, runner.State));
    }
}
