using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pup.Silo.Hosting;

/// <summary>
/// Ports of a process on this machine: the customary one, or the next that is free. Between the look and the use of a port
/// lies the start of the silo, so a file lock, which the kernel frees with the process, keeps another pup from choosing it meanwhile.
/// </summary>
internal static class SiloPorts
{
    public const int Silo = 11111;
    public const int Gateway = 30000;
    public const int Http = 8080;
    private const int Attempts = 1000;
    private const int ReadOnlyFileSystem = 30;

    private static readonly List<Stream> Held = [];

    /// <summary>The port that was asked for, or, for 0, one picked from <paramref name="customary"/> on.</summary>
    /// <exception cref="StartupException">It is in use.</exception>
    public static int Choose(int asked, int customary, IPAddress address) =>
        asked == 0 ? Pick(customary, address)
        : IsFree(asked, address) ? asked
        : throw new StartupException($"Port {asked} is in use on {address}. Choose another, or 0 for one that is free.");

    public static int Pick(int customary) => Pick(customary, IPAddress.Loopback);

    private static int Pick(int customary, IPAddress address)
    {
        for (var port = customary; port < customary + Attempts; port++)
        {
            if (IsFree(port, address) && TryHold(port) is { } held)
            {
                Held.Add(held);
                return port;
            }
        }

        throw new StartupException($"No port from {customary} to {customary + Attempts - 1} is free on this machine.");
    }

    private static Stream? TryHold(int port)
    {
        try
        {
            var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"pup-port-{port}.lock"));
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == ReadOnlyFileSystem)
        {
            // In a container whose file system is read-only there is nobody else.
            return Stream.Null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsFree(int port, IPAddress address)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
