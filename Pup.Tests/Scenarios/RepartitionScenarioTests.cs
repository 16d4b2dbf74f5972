using Npgsql;
using Pup.Grains.Coordination;
using Pup.Grains.Projections;
using Pup.Tests.Feed;
using Pup.Tests.Scenarios.Proxy;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

/// <summary>Repartitions under everything at once. Read models equal a serial fold, the ledger has each event once, and the tally counts them.</summary>
public sealed class RepartitionScenarioTests(PostgresServer server)
{
    [Fact]
    public async Task From_any_number_to_any_other_under_traffic_with_late_commits_and_owners_that_overlap()
    {
        var (seed, random) = Chance.New();
        await using var database = await CreateAsync();
        await EventLog.AppendAsync(database, 4_000, 97);
        await using var first = TestEngine.Start(database.ConnectionString, Hasty);
        await using var second = TestEngine.Start(database.ConnectionString, Hasty);
        await using var third = TestEngine.Start(database.ConnectionString, Hasty);
        var definitions = Definitions(first, random);
        foreach (var definition in definitions)
            await first.RegisterAsync(definition);
        var roster = new Roster([first, second, third], definitions, new Random(seed));
        using var stop = new CancellationTokenSource();
        var running = roster.RunAsync(stop.Token);
        var traffic = new Traffic(database, seed).RunAsync(Chance.IsLong ? TimeSpan.FromSeconds(120) : TimeSpan.FromSeconds(12));

        // Mostly before the previous one is worked off.
        var (repartitions, unfinished) = (0, 0);
        while (!traffic.IsCompleted)
        {
            var definition = definitions[random.Next(definitions.Count)];
            if (await database.ScalarAsync<bool>("select exists (select from projection_checkpoints where projection_name ~ ('^' || $1 || '(_p[0-9]+)?$') and applied ? 'vectors')", definition.Name))
                unfinished++;
            await first.RepartitionAsync(definition, 1 + random.Next(9));
            repartitions++;
            await Task.WhenAny(traffic, Task.Delay(random.Next(200), TestContext.Current.CancellationToken));
        }

        await traffic;
        await stop.CancelAsync();
        await running;
        await roster.CaughtUpAsync(database);
        TestContext.Current.TestOutputHelper?.WriteLine($"{await database.ScalarAsync<long>("select count(*) from events")} events, {repartitions} repartitions, {unfinished} of them before the previous one was worked off");
        Assert.True(unfinished >= 3, $"seed {seed}: only {unfinished} of {repartitions} repartitions met an unfinished one");
        await AssertAllAsync(database);
    }

    [Fact]
    public async Task While_it_is_rebuilt_and_rebuilt_again()
    {
        var (seed, random) = Chance.New();
        await using var database = await CreateAsync();
        await EventLog.AppendAsync(database, 3_000, 97);
        await using var first = TestEngine.Start(database.ConnectionString, Hasty);
        await using var second = TestEngine.Start(database.ConnectionString, Hasty);
        var definition = first.Define(static () => new LedgerProjection(), 3, Small);
        await first.RegisterAsync(definition);
        var roster = new Roster([first, second], [definition], new Random(seed));
        using var stop = new CancellationTokenSource();
        var running = roster.RunAsync(stop.Token);
        for (var step = 0; step < (Chance.IsLong ? 200 : 20); step++)
        {
            var generation = await first.Feed.GenerationAsync(TestContext.Current.CancellationToken);
            if (step % 5 == 2)
                await new ProjectionRebuild(first.Options, TimeProvider.System).RunAsync(generation, definition, first.Feed.MarkOf(generation), TestContext.Current.CancellationToken);
            else
                await first.RepartitionAsync(definition, 1 + random.Next(7));
            await EventLog.AppendAsync(database, 50, 97);
            await Task.Delay(random.Next(150), TestContext.Current.CancellationToken);
            await new ProjectionStateStore(generation.DataSource).CompleteRebuildsAsync(TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        await running;
        await roster.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    [Fact]
    public async Task While_processes_are_killed_and_frozen_in_the_middle_of_their_work()
    {
        var (seed, random) = Chance.New();
        await using var database = await CreateAsync();
        await EventLog.AppendAsync(database, 1_000, 97);
        await using var engine = TestEngine.Start(database.ConnectionString, Hasty);
        var settings = new WorkerSettings { ConnectionString = database.ConnectionString, BatchSize = 30, LedgerPartitions = 8, Partitions = 8 };
        var definitions = ScenarioWorker.Definitions(engine, settings);
        foreach (var definition in definitions)
            await engine.RegisterAsync(definition);
        var frozenOnes = new List<WorkerProcess>();
        for (var round = 0; round < (Chance.IsLong ? 40 : 5); round++)
        {
            await EventLog.AppendAsync(database, 1_500, 97);
            var worker = WorkerProcess.Start(settings);
            await worker.SaysAsync("running");
            await Task.Delay(random.Next(300), TestContext.Current.CancellationToken);
            Assert.False(worker.HasExited, $"seed {seed}: the worker ended by itself: {worker.Errors()}");
            if (round % 2 == 0)
                await worker.KillAsync();
            else
                await worker.FreezeAsync();
            frozenOnes.Add(worker);
            foreach (var definition in definitions)
                await engine.RepartitionAsync(definition, 1 + random.Next(8));
            if (round % 2 == 1)
                await worker.ThawAsync();
        }

        await new Roster([engine], definitions, random).CaughtUpAsync(database);
        foreach (var worker in frozenOnes)
            await worker.DisposeAsync();
        await SerialFold.AssertAllAsync(database);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_worker_frozen_in_mid_batch_changes_nothing_when_it_wakes_up_after_a_repartition(bool rowLocked)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 1_000, 20);
        await using var frozen = WorkerProcess.Start(new WorkerSettings
        {
            ConnectionString = database.ConnectionString,
            LedgerOnly = true,
            LedgerPartitions = 2,
            HaltAt = 450,
            HaltLive = rowLocked,
        });
        await frozen.SaysAsync("halted");
        await frozen.FreezeAsync();

        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(300));
        var definition = engine.Define(static () => new LedgerProjection(), 2, static options => options.HandlerTimeout = TimeSpan.FromSeconds(1));
        await engine.RepartitionAsync(definition, 3);
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(60));
        var rows = await database.ScalarAsync<string>("select string_agg(projection_name || ' ' || epoch, ',' order by projection_name) from projection_checkpoints");

        await frozen.ThawAsync();
        await frozen.GoOnAsync();
        await EventLog.AppendAsync(database, 1_000, 20);
        await engine.CaughtUpAsync(database);

        Assert.False(frozen.HasExited);
        Assert.Equal(rows, await database.ScalarAsync<string>("select string_agg(projection_name || ' ' || epoch, ',' order by projection_name) from projection_checkpoints"));
        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    [Fact]
    public async Task A_repartition_gets_past_a_worker_frozen_while_it_sends_a_batch()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 2_000, 50);
        await using var proxy = new TcpProxy(server.Port);
        proxy.FreezeAfterSending = bytes => bytes > 8_000 && proxy.Frozen == 0;
        var through = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name)) { Port = proxy.Port, CommandTimeout = 60, CancellationTimeout = 500 };
        await using var frozen = TestEngine.Start(through.ConnectionString);
        var loser = (await frozen.RunAsync(static () => new LedgerProjection(), configure: static options => options.BatchSize = 1_000))[0];
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>(LineFailureTests.HeldSql), TimeSpan.FromSeconds(30), "the row is locked by a session that waits for the rest of its batch");

        await using var engine = TestEngine.Start(database.ConnectionString, static options => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(300));
        var definition = engine.Define(static () => new LedgerProjection(), 1, static options => options.HandlerTimeout = TimeSpan.FromSeconds(1));
        await engine.RepartitionAsync(definition, 3).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await engine.RunAllAsync(definition);
        await EventLog.AppendAsync(database, 100, 50);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(60));

        await Eventually.TrueAsync(() => loser.State == Grains.Partitions.PartitionState.Left, TimeSpan.FromSeconds(30), "the frozen worker left");
        await Ledger.AssertExactAsync(database);
    }

    private async Task<TestDatabase> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table tally (n int not null); insert into tally values (0)");
        return database;
    }

    private static List<ProjectionDefinition> Definitions(TestEngine engine, Random random) =>
    [
        engine.Define(static () => new LedgerProjection(), 1 + random.Next(8), Small),
        engine.Define(static () => new CounterProjection(), 1 + random.Next(8), Small),
        engine.Define(static () => new FoldDocuments(), 1 + random.Next(8), Small),
        engine.Define(static () => new LiveProjection(), 1 + random.Next(8), Small),
        engine.Define(static () => new TallyProjection(static () => { }), 1 + random.Next(8), Small),
    ];

    private static void Small(ProjectionOptions options) => options.BatchSize = 40;

    private static void Hasty(Grains.PupOptions options) => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(500);

    private static async Task AssertAllAsync(TestDatabase database)
    {
        await SerialFold.AssertAllAsync(database);
        Assert.Equal(await database.ScalarAsync<long>("select count(*) from events"), await database.ScalarAsync<long>("select n::bigint from tally"));
    }
}
