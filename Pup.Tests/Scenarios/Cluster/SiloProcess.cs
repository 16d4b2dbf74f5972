using System.Diagnostics;
using System.Globalization;
using System.Net;
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
        "Pup__Gateway=false", "Pup__ProbeTimeout=500ms", "Pup__MaxProbeTimeout=1s", "Pup__SkipInterval=100ms", "Pup__SettleTime=2s", "Pup__MoveInterval=1s",
        "Pup__OwnershipLockTimeout=500ms", "Pup__IdleInTransactionTimeout=2s", "Logging__Console__LogToStandardErrorThreshold=Trace", "Logging__LogLevel__Orleans=Warning",
    ];

    private static readonly SiloPlace _here = new(IPAddress.Loopback, []);

    private static readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(10) };

    private readonly Process _process;
    private readonly List<string> _log = [];
    private readonly Uri _web;

    private SiloProcess(Process process, IPAddress address, int port, Uri web)
    {
        _process = process;
        _web = web;
        Endpoint = string.Create(CultureInfo.InvariantCulture, $"{address}:{port}");
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginErrorReadLine();
    }

    /// <summary>As it stands, with a generation behind it, beside the partitions that it owns.</summary>
    public string Endpoint { get; }

    /// <summary>Where its web part is, if it has one.</summary>
    public Uri Web => _web;

    public bool HasExited => _process.HasExited;

    /// <param name="connectionString">Becomes DATABASE_URL.</param>
    /// <param name="arguments">A command (<c>run</c> if there is none), flags, and what is <c>NAME=value</c>: that goes to the environment.</param>
    public static SiloProcess Start(string connectionString, params string[] arguments) => StartAs([ClusterSilo.Command], connectionString, arguments);

    /// <param name="program">What this assembly is to be: one of the commands of its Program.cs, with that command's own arguments.</param>
    /// <param name="connectionString">Becomes DATABASE_URL.</param>
    /// <param name="arguments">As above.</param>
    public static SiloProcess StartAs(string[] program, string connectionString, params string[] arguments) => StartAt(_here, program, connectionString, arguments);

    /// <inheritdoc cref="StartAs"/>
    public static SiloProcess StartAt(SiloPlace place, string[] program, string connectionString, params string[] arguments)
    {
        var host = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(host) == "dotnet" ? ["exec", typeof(SiloProcess).Assembly.Location] : [];
        var (port, web) = (LoopbackPort.Free(), new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{LoopbackPort.Free()}")));
        var flags = arguments.Where(argument => !IsVariable(argument)).ToArray();
        string[] command = flags is [] or [['-', ..], ..] ? ["run"] : [];
        string[] line = [.. place.Enter, host, .. own, .. program, .. command, .. flags];
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardInput = true, RedirectStandardError = true };
        string[] environment = [.. _quick, $"Pup__AdvertisedAddress={place.Address}", string.Create(CultureInfo.InvariantCulture, $"Pup__SiloPort={port}"), $"ASPNETCORE_URLS={web}", .. arguments.Where(IsVariable)];
        foreach (var variable in environment)
            start.Environment[variable[..variable.IndexOf('=', StringComparison.Ordinal)]] = variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..];
        start.Environment["DATABASE_URL"] = connectionString;
        return new SiloProcess(Process.Start(start)!, place.Address, port, web);

        static bool IsVariable(string argument) => argument[0] != '-' && argument.Contains('=', StringComparison.Ordinal);
    }

    /// <summary>Asks the web part of the process; gives what it answered, or throws when that was no success.</summary>
    public async Task<string> PostAsync(string path)
    {
        using var answer = await _client.PostAsync(new Uri(_web, path), content: null);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text : throw new HttpRequestException($"{path}: {answer.StatusCode} {text}");
    }

    /// <inheritdoc cref="PostAsync"/>
    public Task<string> GetAsync(string path) => _client.GetStringAsync(new Uri(_web, path));

    public async Task SaysAsync(string words)
    {
        await Eventually.TrueAsync(() => Log().Contains(words, StringComparison.Ordinal) || HasExited, _patience, () => $"the silo says '{words}', but it said: {Log()}");
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

    private void Note(string? line)
    {
        lock (_log)
            _log.Add(line ?? "");
    }
}
