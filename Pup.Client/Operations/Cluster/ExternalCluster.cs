using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Pup.Client.Connections;

namespace Pup.Client.Operations.Cluster;

/// <summary>
/// An Orleans client with services of its own, connected when it is first needed and for as long as it takes: in the application's own
/// services it would hold up the start of the host until a silo is there.
/// </summary>
internal sealed partial class ExternalCluster(PupClientOptions options, ILoggerFactory loggers, TimeProvider time) : IClusterAccess, IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggers.CreateLogger<ExternalCluster>();
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private Task<ServiceProvider>? _connecting;

    public string ClusterId => options.ClusterId;

    public async ValueTask<IGrainFactory> GrainsAsync(CancellationToken cancellationToken)
    {
        Task<ServiceProvider> connecting;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_ended.IsCancellationRequested, this);
            // What failed for good is tried anew by whoever asks next.
            if (_connecting is null or { IsFaulted: true } or { IsCanceled: true })
                _connecting = Task.Run(ConnectAsync, CancellationToken.None);
            connecting = _connecting;
        }

        return (await connecting.WaitAsync(cancellationToken)).GetRequiredService<IGrainFactory>();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        Task<ServiceProvider>? connecting;
        lock (_lock)
        {
            if (_ended.IsCancellationRequested)
                return;
            _ended.Cancel();
            connecting = _connecting;
        }

        if (connecting is not null)
        {
            await Task.WhenAny(connecting);
            if (connecting.IsCompletedSuccessfully)
                await DisconnectAsync(await connecting);
        }

        _ended.Dispose();
    }

    private async Task<ServiceProvider> ConnectAsync()
    {
        var services = new ServiceCollection();
        services.AddSingleton(loggers);
        services.AddLogging();
        services.AddOrleansClient(Configure);
        var provider = services.BuildServiceProvider();
        try
        {
            foreach (var service in provider.GetServices<IHostedService>())
                await service.StartAsync(_ended.Token);
            return provider;
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    private void Configure(IClientBuilder client)
    {
        var connection = DatabaseConnection.Parse(options.ConnectionString, "pup client cluster");
        connection.SearchPath = "orleans";
        connection.Pooling = true;
        connection.MinPoolSize = 0;
        connection.MaxPoolSize = 1;
        connection.ConnectionIdleLifetime = 30;
        client.UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = ("Npgsql", connection.ConnectionString));
        client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ServiceId));
        // A cluster that was replaced as a whole listens elsewhere.
        client.Configure<GatewayOptions>(static gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
        client.UseConnectionRetryFilter(AgainAsync);
    }

    private async Task<bool> AgainAsync(Exception exception, CancellationToken cancellationToken)
    {
        LogWaiting(exception.Message);
        await Task.Delay(_pause, time, cancellationToken);
        return true;
    }

    private static async Task DisconnectAsync(ServiceProvider provider)
    {
        foreach (var service in provider.GetServices<IHostedService>().Reverse())
            await service.StopAsync(CancellationToken.None);
        await provider.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "No silo could be reached yet: {Reason}")]
    private partial void LogWaiting(string reason);
}
