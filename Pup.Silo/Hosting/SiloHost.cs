using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Silo.Clustering;
using Pup.Silo.Configuration;

namespace Pup.Silo.Hosting;

/// <summary>Puts a silo with Pup into a host.</summary>
internal static class SiloHost
{
    /// <summary>A silo that forms a cluster with all others on its database.</summary>
    public static void ConfigureClustered(IHostApplicationBuilder builder, SiloConfiguration configuration, Action<PupBuilder> configure) =>
        Configure(builder, configuration, silo => DatabaseClustering.Configure(silo, configuration.Cluster, configuration.Options), configure);

    /// <summary>A silo on its own, which needs nothing of the database but the log and the read models.</summary>
    public static void ConfigureAlone(IHostApplicationBuilder builder, SiloConfiguration configuration, Action<PupBuilder> configure) => Configure(
        builder,
        configuration,
        silo => silo
            .UseLocalhostClustering(SiloPorts.Pick(SiloPorts.Silo), SiloPorts.Pick(SiloPorts.Gateway))
            .UseInMemoryReminderService()
            .Configure<ClusterOptions>(options => options.ServiceId = configuration.Cluster.ServiceId),
        configure);

    private static void Configure(
        IHostApplicationBuilder builder, SiloConfiguration configuration, Action<ISiloBuilder> join, Action<PupBuilder> configure)
    {
        SiloLogging.Configure(builder.Logging, configuration);
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = SiloLifetime.ShutdownTimeout);
        builder.UseOrleans(silo =>
        {
            join(silo);
            configure(silo.AddPup(configuration.CopyTo));
        });
        HostOnly(builder.Services, configuration.Projections);
    }

    /// <summary>Leaves out all projections but the named ones; with no name, none.</summary>
    public static void HostOnly(IServiceCollection services, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
            services.AddSingleton(provider => Only(names, provider));
    }

    /// <summary>Makes the projections once, so that what is wrong with them is said before anything starts.</summary>
    public static void ResolveProjections(IServiceProvider services)
    {
        try
        {
            if (services.GetRequiredService<ProjectionRegistry>().All.Count == 0)
                throw new ConfigurationException("This host has no projections. Add one to what PupHost.Run or AddPup gives: pup.AddProjection<…>().");
        }
        catch (Exception e) when (e is ArgumentException or ValidationException or OptionsValidationException or InvalidOperationException)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    private static ProjectionRegistry Only(IReadOnlyList<string> names, IServiceProvider services)
    {
        var known = services.GetServices<ProjectionRegistration>()
            .ToLookup(registration => ((IProjection)ActivatorUtilities.CreateInstance(services, registration.Type)).Name, StringComparer.Ordinal);
        if (names.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new ConfigurationException($"There is no projection '{unknown}' in this host; it has {string.Join(", ", known.Select(k => k.Key))}.");
        return new ProjectionRegistry(names.Distinct(StringComparer.Ordinal).SelectMany(name => known[name]), services.GetRequiredService<IOptions<PupOptions>>(), services);
    }
}
