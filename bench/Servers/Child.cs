using System.Diagnostics;

namespace Pup.Bench.Servers;

/// <summary>This very program once more, for one hidden role. It ends when its standard input is closed, so it never outlives the benchmark.</summary>
internal sealed class Child : IAsyncDisposable
{
    public const string ConnectionVariable = "PUP_BENCH_CONNECTION";

    private readonly Process _process;

    private Child(Process process) => _process = process;

    public static Child Start(string connectionString, params string[] arguments)
    {
        var program = Environment.ProcessPath!;
        // Started as `dotnet Pup.Bench.dll`, the program is the first argument.
        string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(Child).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, own.Concat(arguments)) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment[ConnectionVariable] = connectionString;
        return new Child(Process.Start(start)!);
    }

    /// <summary>What it writes, once it has ended by itself.</summary>
    public async Task<string> OutputAsync(CancellationToken cancellationToken)
    {
        var output = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode == 0 ? output : throw new BenchException($"A child process ended with exit code {_process.ExitCode}; see its messages above.");
    }

    /// <summary>Writes it a line.</summary>
    public async Task TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next line it writes.</summary>
    public async Task<string> LineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new BenchException("A child process ended before its time; see its messages above.");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
