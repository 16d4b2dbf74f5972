using Orleans.Hosting;
using Orleans.TestingHost;
using Pup.Client;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

public sealed class ProjectionGrainTests(PostgresServer server)
{
    [Fact]
    public async Task A_silo_runs_its_projections_by_itself()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 1_000, 50);
        await using var cluster = await StartAsync(database, partitions: 4);

        await CaughtUpAsync(cluster, database);
        await EventLog.AppendAsync(database, 100, 50);
        await CaughtUpAsync(cluster, database);

        await Ledger.AssertExactAsync(database);
        var partition = await cluster.Client.GetGrain<IProjectionPartitionGrain>("ledger/3").GetState();
        Assert.Equal(("ledger", 3, "Running"), (partition.Projection, partition.Partition, partition.State));
        Assert.Null(partition.Trouble);
    }

    [Fact]
    public async Task Pause_holds_every_partition_until_resume()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await StartAsync(database, partitions: 2);
        await CaughtUpAsync(cluster, database);
        var grain = cluster.Client.GetGrain<IProjectionGrain>("ledger");

        await grain.PauseAsync(TestContext.Current.CancellationToken);
        await EventLog.AppendAsync(database, 100, 10);
        Assert.Equal("paused", (await grain.GetState()).State);
        await Eventually.TrueAsync(
            async () => (await cluster.Client.GetGrain<IProjectionPartitionGrain>("ledger/1").GetState()).State == "Halted",
            TimeSpan.FromSeconds(10),
            "the partition is halted");
        Assert.True(await database.ScalarAsync<long>("select count(*) from ledger") <= 100);

        await grain.ResumeAsync(TestContext.Current.CancellationToken);
        await CaughtUpAsync(cluster, database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_rebuild_replaces_what_the_log_cannot_produce_and_ends_by_itself()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 10);
        await using var cluster = await StartAsync(database, partitions: 2);
        await CaughtUpAsync(cluster, database);
        await database.ExecuteAsync("update ledger set aggregate_version = 77 where global_position = 7");
        var grain = cluster.Client.GetGrain<IProjectionGrain>("ledger");

        await grain.RebuildAsync(TestContext.Current.CancellationToken);
        await CaughtUpAsync(cluster, database);

        await Ledger.AssertExactAsync(database);
        await Eventually.TrueAsync(async () => (await grain.GetState()).State == "running", TimeSpan.FromSeconds(10), "the rebuild has ended");
    }

    [Fact]
    public async Task A_silo_waits_for_a_server_that_is_not_there_yet()
    {
        await using var own = await PostgresServer.StartAsync(new PostgresServerOptions());
        await using var database = await TestDatabase.CreateAsync(own);
        await EventLog.AppendAsync(database, 100, 10);
        await own.StopImmediateAsync();
        await using var cluster = await StartAsync(database, partitions: 1);

        await own.StartAgainAsync();
        database.DataSource.Clear();

        await CaughtUpAsync(cluster, database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_silo_that_stops_lets_go_of_its_batches_in_good_order_before_the_feed_ends()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 50);
        var cluster = await StartAsync<SlowLedger>(database, partitions: 4);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_partitions where takeovers = 1") == 4, TimeSpan.FromSeconds(30), "all owned");
        await Eventually.TrueAsync(() => SlowLedger.Handling >= 4, TimeSpan.FromSeconds(30), "all have a batch in hand");

        await cluster.DisposeAsync();

        // Each owner has said that it left of its own accord, over a feed that was still there.
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_partitions where takeovers <> 0"));
        // The server takes a moment to see that a line was closed.
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where application_name = 'pup' and datname = current_database()") == 0,
            TimeSpan.FromSeconds(10),
            "no session left");
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    private static Task<InProcessTestCluster> StartAsync(TestDatabase database, int partitions) => StartAsync<LedgerProjection>(database, partitions);

    private static async Task<InProcessTestCluster> StartAsync<TProjection>(TestDatabase database, int partitions)
        where TProjection : class, IProjection
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) => silo
            .UseInMemoryReminderService()
            .AddPup(options =>
            {
                options.ConnectionString = database.ConnectionString;
                options.SkipInterval = TimeSpan.FromMilliseconds(100);
                options.HaltedPollInterval = TimeSpan.FromMilliseconds(500);
                options.MaxRetryDelay = TimeSpan.FromMilliseconds(500);
            })
            .AddProjection<TProjection>(projection => projection.Partitions = partitions));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private static Task CaughtUpAsync(InProcessTestCluster cluster, TestDatabase database) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long?>("select min(last_global_position) from projection_checkpoints where projection_name like 'ledger%'")
            == await database.ScalarAsync<long?>("select max(global_position) from events"),
        TimeSpan.FromSeconds(30),
        "all checkpoints at the end of the log");

    /// <summary>Is never done with its first event.</summary>
    private sealed class SlowLedger : IReadModelProjection
    {
        private static int s_handling;
        private readonly LedgerProjection _ledger = new();

        public static int Handling => Volatile.Read(ref s_handling);

        public string Name => _ledger.Name;

        public int ReadModelVersion => 1;

        public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
            _ledger.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

        public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref s_handling);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
