using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.TestingHost;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>Silos of the test's own process on its database, and a client of them.</summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly TestDatabase _database;

    private SiloCluster(InProcessTestCluster cluster, TestDatabase database)
    {
        (_cluster, _database) = (cluster, database);
        Client = TestClient.Of(database, cluster.Client);
    }

    public TestClient Client { get; }

    public ProjectionClient Projections => Client.Projections;

    public InProcessTestCluster Cluster => _cluster;

    public static async Task<SiloCluster> StartAsync(TestDatabase database, Action<PupBuilder> configure, short silos = 1, Action<PupOptions>? options = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, silo) => configure(silo
            .UseInMemoryReminderService()
            .AddPup(pup =>
            {
                pup.ConnectionString = database.ConnectionString;
                pup.SkipInterval = TimeSpan.FromMilliseconds(100);
                pup.HaltedPollInterval = TimeSpan.FromMilliseconds(500);
                pup.RetryDelay = TimeSpan.FromMilliseconds(10);
                pup.MaxRetryDelay = TimeSpan.FromMilliseconds(500);
                options?.Invoke(pup);
            })));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new SiloCluster(cluster, database);
    }

    /// <summary>A silo with a ledger of so many partitions.</summary>
    public static Task<SiloCluster> StartLedgerAsync(TestDatabase database, int partitions = 2) =>
        StartAsync(database, pup => pup.AddProjection<LedgerProjection>(options => options.Partitions = partitions));

    /// <summary>Runs one projection that a test made by hand.</summary>
    public static Task<SiloCluster> StartAsync<TProjection>(TestDatabase database, TProjection projection, Action<ProjectionOptions>? configure = null, Action<PupOptions>? options = null)
        where TProjection : class, IProjection => StartAsync(
            database,
            pup =>
            {
                pup.Services.AddSingleton(projection);
                pup.AddProjection<Shared<TProjection>>(configure);
            },
            options: options);

    public Task UntilAsync(string projection, ProjectionCondition condition, TimeSpan? timeout = null) =>
        UntilAsync(projection, report => report.Condition == condition, condition.ToString(), timeout);

    public async Task UntilAsync(string projection, Func<ProjectionReport, bool> holds, string what, TimeSpan? timeout = null)
    {
        ProjectionReport? last = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return holds(last = await Projections.GetAsync(projection, TestContext.Current.CancellationToken));
                }
                catch (ProjectionNotFoundException)
                {
                    return false;
                }
            },
            timeout ?? TimeSpan.FromSeconds(30),
            what);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _cluster.DisposeAsync();
    }
}
