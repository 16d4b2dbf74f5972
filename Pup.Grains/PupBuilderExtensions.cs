using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Pup.Client;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Coordination.Waiting;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Grains.Telemetry;

namespace Pup.Grains;

/// <summary>Brings Pup to a silo.</summary>
public static class PupBuilderExtensions
{
    /// <summary>
    /// Adds the engine to a silo; add projections to what it returns. Needs a reminder service on the silo. Safe to call twice.
    /// </summary>
    public static PupBuilder AddPup(this ISiloBuilder silo, Action<PupOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.TryAddSingleton(static provider => new EngineSilo(provider.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString()));
        silo.Services.TryAddSingleton<PlacementViews>();
        silo.Services.TryAddSingleton<LocalPartitions>();
        silo.Services.TryAddSingleton<CommitWatches>();
        silo.Services.TryAddSingleton<AppendWaits>();
        silo.Services.TryAddSingleton(static provider => new ProgressReader(
            provider.GetRequiredService<Engine>(),
            provider.GetRequiredService<IClusterMembershipService>().ActiveSilos,
            provider.GetRequiredService<ILogger<ProgressReader>>()));
        if (!silo.Services.Any(service => service.ServiceType == typeof(SpreadPlacement)))
        {
            silo.Services.AddSingleton(SpreadPlacement.Instance);
            silo.AddPlacementDirector<SpreadPlacement, SpreadPlacementDirector>();
            silo.AddGrainService<CommitWatch>();
        }

        silo.Services.AddPupEngine(configure);
        // A client beside the silo asks the silo's own database.
        silo.Services.AddOptions<PupClientOptions>().PostConfigure<IOptions<PupOptions>>(static (client, engine) =>
        {
            if (client.ConnectionString.Length == 0)
                client.ConnectionString = engine.Value.ConnectionString;
        });
        silo.Services.TryAddSingleton<IConfiguredCounts, AnnouncedCounts>();
        // First in, last out: hosted services stop in reverse order, and partitions need the feed until the silo has stopped them all.
        if (!silo.Services.Any(static service => service.ImplementationType == typeof(EngineService)))
            silo.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, EngineService>());
        silo.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, Supervisor>());
        return new PupBuilder(silo.Services);
    }

    /// <summary>The engine without a silo: for one-off catch-up, benchmarks and tests.</summary>
    internal static PupBuilder AddPupEngine(this IServiceCollection services, Action<PupOptions>? configure = null)
    {
        services.AddOptions<PupOptions>().ValidateDataAnnotations().ValidateOnStart();
        if (configure is not null)
            services.Configure(configure);
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => provider.GetRequiredService<IOptions<PupOptions>>().Value);
        services.TryAddSingleton<EventFeed>();
        services.TryAddSingleton<IEventFeed>(static provider => provider.GetRequiredService<EventFeed>());
        services.TryAddSingleton<NotifyListener>();
        services.TryAddSingleton(static provider => new TailLoop(
            provider.GetRequiredService<EventFeed>(),
            provider.GetRequiredService<PupOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<TailLoop>>(),
            provider.GetRequiredService<NotifyListener>()));
        services.TryAddSingleton<SkipWriter>();
        services.TryAddSingleton<HaltedPartitions>();
        services.TryAddSingleton(static provider => new WorkerSlots(
            provider.GetRequiredService<PupOptions>().Workers, provider.GetRequiredService<ProjectionRegistry>().All.Select(static projection => projection.Name)));
        services.AddMetrics();
        services.TryAddSingleton<PupInstruments>();
        services.TryAddSingleton<Engine>();
        services.TryAddSingleton<ProjectionRegistry>();
        services.TryAddSingleton<ProjectionRebuild>();
        services.TryAddSingleton<ProjectionRepartition>();
        return new PupBuilder(services);
    }
}
