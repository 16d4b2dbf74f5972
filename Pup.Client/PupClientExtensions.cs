using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Pup.Client.Connections;
using Pup.Client.Operations;
using Pup.Client.Operations.Cluster;

namespace Pup.Client;

/// <summary>Brings the client to an application.</summary>
public static class PupClientExtensions
{
    private const string DatabaseUrlVariable = "DATABASE_URL";

    /// <summary>
    /// Adds <see cref="IProjectionClient"/>. Where the host runs a silo, that is called; otherwise the silos on the same database are, once
    /// something is asked of them. The host starts whether or not any silo is up. Safe to call twice.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="configure">Goes over the configuration.</param>
    public static IHostApplicationBuilder AddPupClient(this IHostApplicationBuilder builder, Action<PupClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var configuration = builder.Configuration;
        builder.Services.AddOptions<PupClientOptions>()
            .Configure(options => Read(configuration, options))
            .PostConfigure(static options => options.ConnectionString = options.ConnectionString.Length == 0 ? "" : DatabaseUrl.ToConnectionString(options.ConnectionString));
        if (configure is not null)
            builder.Services.Configure(configure);
        builder.Services.AddPupClientServices();
        return builder;
    }

    /// <summary>What a silo's host has too, without the configuration.</summary>
    internal static void AddPupClientServices(this IServiceCollection services)
    {
        services.AddOptions<PupClientOptions>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => new ClientDatabase(provider.GetRequiredService<IOptions<PupClientOptions>>().Value));
        services.TryAddSingleton(static provider => Reach(provider));
        services.TryAddSingleton(static provider => new ProjectionClient(
            provider.GetRequiredService<ClientDatabase>(),
            provider.GetRequiredService<IClusterAccess>(),
            provider.GetRequiredService<IOptions<PupClientOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IProjectionClient>(static provider => provider.GetRequiredService<ProjectionClient>());
    }

    private static IClusterAccess Reach(IServiceProvider provider) => provider.GetService<IGrainFactory>() is { } grains
        ? new HostedCluster(grains, provider.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId)
        : new ExternalCluster(
            provider.GetRequiredService<IOptions<PupClientOptions>>().Value,
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<TimeProvider>());

    private static void Read(IConfiguration configuration, PupClientOptions options)
    {
        foreach (var source in ConfigurationSources.Of(configuration, DatabaseUrlVariable))
        {
            var pup = source.GetSection("Pup");
            options.ConnectionString = Said(pup[nameof(options.ConnectionString)]) ?? Said(source[DatabaseUrlVariable]) ?? options.ConnectionString;
            options.ClusterId = Said(pup[nameof(options.ClusterId)]) ?? options.ClusterId;
            options.ServiceId = Said(pup[nameof(options.ServiceId)]) ?? options.ServiceId;
        }
    }

    private static string? Said(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
