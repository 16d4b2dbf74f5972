using Orleans.Runtime;
using Pup.Client;
using Pup.Client.Connections;
using Pup.Client.Operations;
using Pup.Client.Operations.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>A client of a test's database, with whatever cluster the test has; without one, only the database answers.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    private readonly ClientDatabase _database;

    private TestClient(TestDatabase database, IClusterAccess cluster, PupClientOptions options)
    {
        if (options.ConnectionString.Length == 0)
            options.ConnectionString = database.ConnectionString;
        _database = new ClientDatabase(options);
        Projections = new ProjectionClient(_database, cluster, options, TimeProvider.System);
    }

    public ProjectionClient Projections { get; }

    public static TestClient Of(TestDatabase database, IGrainFactory grains, Action<PupClientOptions>? configure = null)
    {
        var options = new PupClientOptions { Patience = TimeSpan.FromSeconds(20) };
        configure?.Invoke(options);
        return new TestClient(database, new HostedCluster(grains, options.ClusterId), options);
    }

    public static TestClient WithoutCluster(TestDatabase database, Action<PupClientOptions>? configure = null)
    {
        var options = new PupClientOptions { Patience = TimeSpan.FromMilliseconds(500) };
        configure?.Invoke(options);
        return new TestClient(database, new NoCluster(), options);
    }

    /// <summary>Reaches the cluster, but each call only after so many failures.</summary>
    public static TestClient Shaky(TestDatabase database, IGrainFactory grains, int failures, Action<PupClientOptions>? configure = null)
    {
        var options = new PupClientOptions { Patience = TimeSpan.FromSeconds(20) };
        configure?.Invoke(options);
        return new TestClient(database, new ShakyCluster(grains, failures), options);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private sealed class ShakyCluster(IGrainFactory grains, int failures) : IClusterAccess
    {
        private int _asked;

        public string ClusterId => "pup";

        public ValueTask<IGrainFactory> GrainsAsync(CancellationToken cancellationToken) =>
            Interlocked.Increment(ref _asked) % (failures + 1) != 0 ? throw new SiloUnavailableException("injected") : ValueTask.FromResult(grains);
    }

    private sealed class NoCluster : IClusterAccess
    {
        public string ClusterId => "pup";

        public async ValueTask<IGrainFactory> GrainsAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("unreachable");
        }
    }
}
