using System.Net;
using Orleans.Configuration;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;

namespace Pup.Silo.Clustering;

/// <summary>Membership and reminders in the same PostgreSQL as all the rest: an address of the database is all that a silo needs.</summary>
internal static class DatabaseClustering
{
    private const string Invariant = "Npgsql";

    /// <exception cref="ConfigurationException">The settings contradict each other, or cannot be had on this machine.</exception>
    public static void Configure(ISiloBuilder silo, ClusterSettings settings, PupOptions options)
    {
        var connectionString = PupConnectionString.Cluster(options, ClusterSchema.Name, settings.ClusterConnections).ConnectionString;
        silo.UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = (Invariant, connectionString));
        silo.UseAdoNetReminderService(reminders => (reminders.Invariant, reminders.ConnectionString) = (Invariant, connectionString));
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.ClusterId, settings.ServiceId));
        silo.Configure<ClusterMembershipOptions>(membership => Watch(membership, settings));
        Listen(silo, settings, options.ConnectionString);
    }

    private static void Watch(ClusterMembershipOptions membership, ClusterSettings settings)
    {
        membership.ProbeTimeout = settings.ProbeTimeout;
        membership.MaxProbeTimeout = settings.MaxProbeTimeout;
        membership.NumMissedProbesLimit = settings.NumMissedProbesLimit;
        membership.NumVotesForDeathDeclaration = settings.NumVotesForDeathDeclaration;
        membership.TableRefreshTimeout = settings.TableRefreshTimeout;
        membership.IAmAliveTablePublishTimeout = settings.IAmAliveTablePublishTimeout;
    }

    // Chosen here and now, so that what is wrong with them is one line before anything starts.
    private static void Listen(ISiloBuilder silo, ClusterSettings settings, string connectionString)
    {
        if (settings.MaxProbeTimeout < settings.ProbeTimeout)
            throw new ConfigurationException($"{nameof(settings.MaxProbeTimeout)} is {settings.MaxProbeTimeout}, which is less than {nameof(settings.ProbeTimeout)}, {settings.ProbeTimeout}.");
        var address = AdvertisedAddress.Resolve(settings, connectionString);
        var listening = AdvertisedAddress.IsLocal(address) ? address : IPAddress.Any;
        var port = SiloPorts.Choose(settings.SiloPort, SiloPorts.Silo, listening);
        // To Orleans port 0 is "no gateway".
        var gateway = settings.Gateway ? SiloPorts.Choose(settings.GatewayPort, SiloPorts.Gateway, listening) : 0;
        silo.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.AdvertisedIPAddress = address;
            (endpoint.SiloPort, endpoint.SiloListeningEndpoint) = (port, new IPEndPoint(listening, port));
            (endpoint.GatewayPort, endpoint.GatewayListeningEndpoint) = (gateway, settings.Gateway ? new IPEndPoint(listening, gateway) : null);
        });
    }
}
