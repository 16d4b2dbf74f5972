using System.Diagnostics;
using System.Globalization;
using System.Text;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Demo;

/// <summary>The real program in a process of its own, to be signalled and killed.</summary>
internal sealed class PupProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private PupProcess(Process process) => _process = process;

    public string Output => Text(_output);

    public string Error => Text(_error);

    public int Id => _process.Id;

    public static PupProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "pup.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("Pup__", StringComparison.OrdinalIgnoreCase)).Append("DATABASE_URL").ToArray())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = new Process { StartInfo = start };
        var pup = new PupProcess(process);
        process.OutputDataReceived += (_, line) => Append(pup._output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(pup._error, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return pup;
    }

    /// <summary>Runs to the end, and gives the exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public Task SaysAsync(string words) => Eventually.TrueAsync(
        () => Task.FromResult(Error.Contains(words, StringComparison.Ordinal) || (_process.HasExited ? throw new InvalidOperationException($"It ended before it said '{words}': {Error}") : false)),
        TimeSpan.FromMinutes(3),
        $"pup says '{words}'");

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
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

    private static void Append(StringBuilder to, string? line)
    {
        lock (to)
            to.Append(line).Append('\n');
    }

    private static string Text(StringBuilder from)
    {
        lock (from)
            return from.ToString();
    }
}
