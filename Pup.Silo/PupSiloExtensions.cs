using Microsoft.Extensions.Options;
using Pup.Grains;
using Pup.Silo.Clustering;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;

namespace Pup.Silo;

/// <summary>Brings a silo with projections into an application that is there for something else as well.</summary>
public static class PupSiloExtensions
{
    /// <summary>
    /// Lets the silo form a cluster with all others on the database of the log, <c>pup run</c> among them; membership and
    /// reminders are kept there too, and no other setting is needed. Every option may be set in the application's configuration, in the
    /// section <c>Pup</c> or by its name in the environment; what <see cref="PupBuilderExtensions.AddPup"/> is told goes over it. There
    /// is no gateway unless <c>Pup:Gateway</c> is true. Safe to call twice.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="connectionString">The database, as a postgres:// URL or as Npgsql has it. Default: DATABASE_URL, or <c>Pup:ConnectionString</c>.</param>
    /// <exception cref="Exception">The configuration cannot be meant; the message says in one line what is wrong with it.</exception>
    public static ISiloBuilder UsePupClustering(this ISiloBuilder silo, string? connectionString = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        if (silo.Services.Any(static service => service.ImplementationType == typeof(SiloPreparation)))
            return silo;
        var configuration = ApplicationConfiguration.Read(silo.Configuration, connectionString);
        DatabaseCheck.RequireAddress(configuration);
        DatabaseClustering.Configure(silo, configuration.Cluster, configuration.Options);
        // Before all others, wherever AddPup stands.
        silo.Services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<PupOptions>>(new ConfigureOptions<PupOptions>(configuration.CopyTo)));
        SiloHost.HostOnly(silo.Services, configuration.Projections);
        silo.Services.AddHostedService<SiloPreparation>();
        // At its first look it takes the time since the machine was started for that since the look before, and warns of a deadlock.
        silo.Services.AddLogging(static logging => logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter(SiloLogging.GrainService, LogLevel.Warning));
        return silo;
    }
}
