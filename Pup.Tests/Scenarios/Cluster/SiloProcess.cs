using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>A silo in a child process, and the signals a scenario sends it.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    // Detection in about 1.5 s instead of 6, and when frozen in about 3 s instead of 12. The slow round of supervision stays slow,
    // so that what happens soon happens because of the change.
    private static readonly string[] _quick =
    [
        "--gateway=false", "--probe-timeout=500ms", "--max-probe-timeout=1s", "--skip-interval=100ms", "--settle-time=2s", "--move-interval=1s",
        "--ownership-lock-timeout=500ms", "--idle-in-transaction-timeout=2s",
    ];

    private readonly Process _process;
    private readonly List<string> _log = [];

    private SiloProcess(Process process, int port)
    {
        _process = process;
        Endpoint = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginErrorReadLine();
    }

    /// <summary>As it stands, with a generation behind it, beside the partitions that it owns.</summary>
    public string Endpoint { get; }

    public bool HasExited => _process.HasExited;

    public static SiloProcess Start(string connectionString, params string[] flags) => StartAs([ClusterSilo.Command], connectionString, flags);

    /// <param name="program">What this assembly is to be: one of the commands of its Program.cs, with that command's own arguments.</param>
    /// <param name="connectionString">The database.</param>
    /// <param name="flags">As on the command line of <c>pup</c>.</param>
    public static SiloProcess StartAs(string[] program, string connectionString, params string[] flags)
    {
        var host = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(host) == "dotnet" ? ["exec", typeof(SiloProcess).Assembly.Location] : [];
        var port = FreePort();
        string[] command = flags is [['r', 'u', 'n', ..], ..] ? [] : ["run"];
        var start = new ProcessStartInfo(host, [.. own, .. program, .. command, .. flags, string.Create(CultureInfo.InvariantCulture, $"--silo-port={port}"), .. _quick])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        start.Environment["DATABASE_URL"] = connectionString;
        return new SiloProcess(Process.Start(start)!, port);
    }

    public async Task SaysAsync(string words)
    {
        await Eventually.TrueAsync(() => Log().Contains(words, StringComparison.Ordinal) || HasExited, _patience, $"the silo says '{words}'");
        Assert.True(Log().Contains(words, StringComparison.Ordinal), $"The silo ended without '{words}': {Log()}");
    }

    /// <summary>Sends a line to its standard input.</summary>
    public Task TellAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    public Task KillAsync() => SignalAsync("KILL");

    public Task TerminateAsync() => SignalAsync("TERM");

    public Task FreezeAsync() => SignalAsync("STOP");

    public Task ThawAsync() => SignalAsync("CONT");

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return _process.ExitCode;
    }

    public string Log()
    {
        lock (_log)
            return string.Join('\n', _log);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.True(kill.ExitCode == 0 || HasExited, $"kill -{signal} failed with {kill.ExitCode}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Note(string? line)
    {
        lock (_log)
            _log.Add(line ?? "");
    }
}
