using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Npgsql;
using Pup.Silo.Configuration;

namespace Pup.Silo.Clustering;

/// <summary>The address by which other silos reach this one.</summary>
internal static class AdvertisedAddress
{
    /// <exception cref="ConfigurationException">What was configured is neither an address nor a name that can be resolved.</exception>
    public static IPAddress Resolve(ClusterSettings settings, string connectionString)
    {
        if (settings.AdvertisedAddress.Length == 0)
            return TowardsDatabase(connectionString);
        try
        {
            var addresses = Dns.GetHostAddresses(settings.AdvertisedAddress);
            return addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        }
        catch (SocketException e)
        {
            throw new ConfigurationException(
                $"{nameof(ClusterSettings.AdvertisedAddress)} is '{settings.AdvertisedAddress}', which is no address and cannot be resolved: {e.Message}.");
        }
    }

    /// <summary>Whether a socket can be bound to it; behind a translated address a silo listens everywhere.</summary>
    public static bool IsLocal(IPAddress address) =>
        IPAddress.IsLoopback(address)
        || NetworkInterface.GetAllNetworkInterfaces().Any(card => card.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));

    // Silos that share a database over a network see each other over it as well. Were loopback taken there, all would
    // advertise the same address, and each would take the others for its own former lives.
    private static IPAddress TowardsDatabase(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        var host = builder.Host?.Split(',')[0].Trim() ?? "";
        if (host is "" or ['/' or '@', ..])
            return IPAddress.Loopback;
        try
        {
            var database = Dns.GetHostAddresses(host is ['[', ..] ? host.Trim('[', ']') : HostOf(host))[0];
            // Connecting a datagram socket sends nothing: it only chooses the route.
            using var socket = new Socket(database.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(database, builder.Port);
            var own = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return IPAddress.IsLoopback(own) ? IPAddress.Loopback : own;
        }
        catch (SocketException)
        {
            return IPAddress.Loopback;
        }
    }

    // With several hosts each may carry its port.
    private static string HostOf(string host) => host.IndexOf(':', StringComparison.Ordinal) is var colon && colon == host.LastIndexOf(':') && colon > 0 ? host[..colon] : host;
}
