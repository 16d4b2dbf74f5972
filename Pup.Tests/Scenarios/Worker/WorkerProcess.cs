using System.Diagnostics;
using System.Text.Json;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Worker;

/// <summary>A child process that runs a <see cref="ScenarioWorker"/>, and the signals a scenario sends it.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HashSet<string> _said = [];
    private readonly List<string> _errors = [];

    private WorkerProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Note(_said, line.Data);
        _process.ErrorDataReceived += (_, line) => Note(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    public static WorkerProcess Start(WorkerSettings settings)
    {
        var host = Environment.ProcessPath!;
        var isDotnet = Path.GetFileNameWithoutExtension(host) == "dotnet";
        string[] arguments = [ScenarioWorker.Command, JsonSerializer.Serialize(settings)];
        if (isDotnet)
            arguments = ["exec", typeof(WorkerProcess).Assembly.Location, .. arguments];
        var start = new ProcessStartInfo(host, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return new WorkerProcess(Process.Start(start)!);
    }

    public async Task SaysAsync(string line)
    {
        await Eventually.TrueAsync(() => Has(line) || _process.HasExited, _patience, $"the worker says '{line}'");
        Assert.True(Has(line), $"The worker ended without '{line}': {Errors()}");
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return _process.ExitCode;
    }

    public Task FreezeAsync() => SignalAsync("STOP");

    public Task ThawAsync() => SignalAsync("CONT");

    public Task GoOnAsync() => _process.StandardInput.WriteLineAsync("go on");

    public string Errors()
    {
        lock (_errors)
            return string.Join('\n', _errors.TakeLast(30));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private bool Has(string line)
    {
        lock (_said)
            return _said.Contains(line);
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {_process.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    private static void Note(ICollection<string> lines, string? line)
    {
        if (line is null)
            return;
        lock (lines)
            lines.Add(line);
    }
}
