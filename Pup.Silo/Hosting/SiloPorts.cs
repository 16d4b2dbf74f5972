using System.Net;
using System.Net.Sockets;

namespace Pup.Silo.Hosting;

/// <summary>Ports of a silo on this machine: the customary one, or any that is free when another process has it.</summary>
internal static class SiloPorts
{
    public const int Silo = 11111;
    public const int Gateway = 30000;

    public static int Pick(int customary) => TryBind(customary) ?? TryBind(0) ?? customary;

    private static int? TryBind(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
