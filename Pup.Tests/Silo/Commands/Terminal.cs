using System.Diagnostics;
using System.Text;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Commands;

/// <summary>The real program on a real terminal of 80 columns, with somebody who types.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private const string HideCursor = "\u001b[?25l";
    private const string ShowCursor = "\u001b[?25h";
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _screen = new();
    private readonly Task _reading;

    private Terminal(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>All that the terminal was sent, with what only a terminal understands.</summary>
    public string Screen
    {
        get
        {
            lock (_screen)
                return _screen.ToString();
        }
    }

    /// <summary>Whether whoever goes on typing sees where.</summary>
    public bool ShowsCursor => Screen.LastIndexOf(HideCursor, StringComparison.Ordinal) <= Screen.LastIndexOf(ShowCursor, StringComparison.Ordinal);

    /// <param name="database">The database it is told.</param>
    /// <param name="command">What stands behind `pup`: words without a blank or a quote in them.</param>
    public static Terminal Start(TestDatabase database, string command)
    {
        var pup = Path.Combine(AppContext.BaseDirectory, "pup.dll");
        var start = new ProcessStartInfo("script", ["--quiet", "--flush", "--return", "--command", $"stty rows 24 cols 80; exec dotnet '{pup}' {command}", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DATABASE_URL"] = database.ConnectionString;
        start.Environment["TERM"] = "xterm-256color";
        return new Terminal(Process.Start(start)!);
    }

    public Task SaysAsync(string words) => Eventually.TrueAsync(
        () => Screen.Contains(words, StringComparison.Ordinal) || (_process.HasExited ? throw new InvalidOperationException($"It ended before it said '{words}': {Screen}") : false),
        _patience,
        $"the terminal shows '{words}'; it shows: {Screen}");

    public async Task TypeAsync(string keys)
    {
        await _process.StandardInput.WriteAsync(keys);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Runs to the end, and gives the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _reading.WaitAsync(_patience);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        int read;
        while ((read = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            lock (_screen)
                _screen.Append(buffer, 0, read);
        }
    }
}
