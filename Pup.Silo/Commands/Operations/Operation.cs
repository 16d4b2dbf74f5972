using Pup.Client;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands.Operations;

/// <summary>One command's way to the projections: straight to database and cluster, or over HTTP.</summary>
internal sealed class Operation : IAsyncDisposable
{
    private readonly IHost? _host;
    private readonly IProjectionClient? _client;

    private Operation(IHost host, SiloConfiguration configuration) => (_host, Configuration) = (host, configuration);

    private Operation(IProjectionClient client) => _client = client;

    /// <summary>Asks and operates.</summary>
    public IProjectionClient Projections => _client ?? _host!.Services.GetRequiredService<IProjectionClient>();

    /// <summary>What this process is configured with; null over HTTP.</summary>
    public SiloConfiguration? Configuration { get; }

    /// <summary>The way over HTTP; only where it is that.</summary>
    public HttpProjectionClient Http => (HttpProjectionClient)_client!;

    /// <summary>Services of the client; only where it is not over HTTP.</summary>
    public IServiceProvider Services => _host!.Services;

    public static Operation Over(Uri url, string? key) => new(new HttpProjectionClient(url.AbsolutePath.Length > 1 ? url : new Uri(url, "/pup"), key));

    public static Operation Direct(SiloConfiguration configuration, TimeSpan? patience)
    {
        DatabaseCheck.RequireAddress(configuration);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "pup" });
        // That no silo answers is said once, in the end, and not with each attempt.
        if (configuration.LogLevel < LogLevel.Information)
            SiloLogging.Configure(builder.Logging, configuration);
        builder.AddPupClient(options =>
        {
            options.ConnectionString = configuration.Options.ConnectionString;
            (options.ClusterId, options.ServiceId) = (configuration.Cluster.ClusterId, configuration.Cluster.ServiceId);
            options.Patience = patience ?? options.Patience;
        });
        return new Operation(builder.Build(), configuration);
    }

    public async ValueTask DisposeAsync()
    {
        (_client as IDisposable)?.Dispose();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }
}
