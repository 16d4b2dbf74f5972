using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Pup.Bench.Servers;

namespace Pup.Bench.Cluster;

/// <summary>A silo of a cluster in a process of its own, which can be signalled; it also ends with its standard input.</summary>
internal sealed class SiloChild : IAsyncDisposable
{
    private readonly Process _process;

    private SiloChild(Process process, int port)
    {
        _process = process;
        Endpoint = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        Port = port;
    }

    public int Port { get; }

    /// <summary>As it stands, with a generation behind it, beside the partitions that it owns.</summary>
    public string Endpoint { get; }

    public static SiloChild Start(string connectionString, string role, params string[] flags) => Start(connectionString, role, gateway: false, flags);

    /// <summary>As above, for clients in other processes.</summary>
    public static SiloChild StartWithGateway(string connectionString, string role, params string[] flags) => Start(connectionString, role, gateway: true, flags);

    private static SiloChild Start(string connectionString, string role, bool gateway, string[] flags)
    {
        var program = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(SiloChild).Assembly.Location] : [];
        var port = FreePort();
        var start = new ProcessStartInfo(program, [.. own, role, .. flags, string.Create(CultureInfo.InvariantCulture, $"--silo-port={port}"), gateway ? "--gateway=true" : "--gateway=false", "--log-level=Warning"]) { RedirectStandardInput = true };
        start.Environment[Child.ConnectionVariable] = connectionString;
        return new SiloChild(Process.Start(start)!, port);
    }

    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public Task ExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Processor time it has used so far.</summary>
    public TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
