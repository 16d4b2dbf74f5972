using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.TestingHost;
using Pup.Client;
using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>A cluster with projections of every kind of key, a client that appends, and one that waits.</summary>
internal sealed class WaitForCluster : IAsyncDisposable
{
    public const int Partitions = 4;

    private readonly InProcessTestCluster _cluster;
    private readonly EventStore _store;
    private readonly TestClient _client;

    private WaitForCluster(TestDatabase database, InProcessTestCluster cluster, HandlerGate gate)
    {
        (Database, _cluster, Gate) = (database, cluster, gate);
        _store = new EventStore(database.DataSource);
        _client = TestClient.Of(database, cluster.Client);
    }

    public TestDatabase Database { get; }

    public HandlerGate Gate { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<WaitForCluster> StartAsync(PostgresServer server, short silos = 1, ErrorPolicy policy = ErrorPolicy.Park, TimeSpan? looksEvery = null)
    {
        var database = await TestDatabase.CreateAsync(server);
        var gate = new HandlerGate();
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, silo) =>
        {
            var pup = silo.UseInMemoryReminderService().AddPup(options =>
            {
                options.ConnectionString = database.ConnectionString;
                options.TotalPartitions = Partitions;
                (options.ErrorPolicy, options.MaxAttempts) = (policy, 1);
                (options.LookInterval, options.IdleLookInterval) = (looksEvery ?? options.LookInterval, looksEvery ?? options.IdleLookInterval);
                options.HaltedPollInterval = TimeSpan.FromMilliseconds(500);
                options.MaxRetryDelay = TimeSpan.FromMilliseconds(500);
            });
            pup.Services.AddSingleton<Func<PersistedEvent, ProjectionTransaction, CancellationToken, ValueTask>>(gate.BeforeAsync);
            pup.AddProjection<LedgerProjection>().AddProjection<TenantLedger>().AddProjection<WordDocuments>().AddProjection<CountedOnly>();
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        var started = new WaitForCluster(database, cluster, gate);
        // The schema is the database's own; that the projections are registered is the silo's doing.
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_partitions where silo is not null") == 4 * Partitions, TimeSpan.FromSeconds(30), "every partition is owned");
        return started;
    }

    public IProjectionGrain Grain(string projection = "ledger") => _cluster.Client.GetGrain<IProjectionGrain>(projection);

    public Task<AppendResult> AppendAsync(string aggregate, string type = "Happened", string payload = "{}") =>
        _store.AppendAsync("Test", "Thing", aggregate, ExpectedVersion.Any, [Event(type, payload)], Token);

    public static Event Event(string type = "Happened", string payload = "{}") => new() { EventType = type, Payload = Encoding.UTF8.GetBytes(payload) };

    public Task<WaitResult> WaitAsync(AppendResult appended, double seconds = 20, string projection = "ledger") =>
        _client.Projections.WaitForAsync(projection, appended, TimeSpan.FromSeconds(seconds), Token);

    public async Task AssertAppliedAsync(AppendResult appended, string projection = "ledger")
    {
        Assert.Equal(new WaitResult(WaitOutcome.Applied), await WaitAsync(appended, projection: projection));
        Assert.True(await IsInLedgerAsync(appended, projection));
    }

    public Task<bool> IsInLedgerAsync(AppendResult appended, string projection = "ledger") => Database.ScalarAsync<bool>(
        "select exists (select from ledger where projection = $1 and global_position = $2)", projection, appended.LastPosition);

    /// <summary>A key that belongs to this partition.</summary>
    public static string KeyIn(int partition, string prefix = "k", int partitions = Partitions) =>
        Enumerable.Range(0, 10_000).Select(number => prefix + number).First(key => Partitioner.PartitionOf(Partitioner.Hash(key), partitions) == partition);

    public async Task StopSilosAsync()
    {
        foreach (var silo in _cluster.Silos.ToList())
            await _cluster.StopSiloAsync(silo);
    }

    public async ValueTask DisposeAsync()
    {
        Gate.Open();
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
        await Database.DisposeAsync();
    }
}
