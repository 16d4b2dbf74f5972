using System.Diagnostics;
using Npgsql;

namespace Pup.Bench.Servers;

/// <summary>
/// A private, durable PostgreSQL server for one benchmark run, reached over its socket only. A shell between this process
/// and the server holds the other end of its standard input, so the server ends and its directory goes with the process,
/// also after a kill -9.
/// </summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    private const string Script = """
        root=$1 bin=$2; shift 2
        umask 077
        mkdir "$root" || exit 1
        "$bin/initdb" -D "$root/data" -U postgres -E UTF8 --locale=C --auth=trust --no-instructions >"$root/log" 2>&1 || { cat "$root/log" >&2; rm -rf "$root"; exit 1; }
        "$bin/postgres" -D "$root/data" -k "$root" "$@" >>"$root/log" 2>&1 </dev/null &
        pid=$!
        read -r line
        kill -INT $pid
        wait $pid
        rm -rf "$root"
        """;

    // Fsync and the rest of durability stay as they are by default: on. Checkpoints and vacuum happen between runs, when the
    // benchmark asks for them, so that neither falls into one contender's time by chance.
    private static readonly string[] s_settings =
        ["listen_addresses=", "fsync=on", "shared_buffers=256MB", "max_wal_size=8GB", "checkpoint_timeout=1h", "autovacuum=off", "max_connections=100"];

    private readonly Process _shell;
    private readonly string _directory;

    private PrivateServer(Process shell, string directory) => (_shell, _directory) = (shell, directory);

    public string ConnectionString => new NpgsqlConnectionStringBuilder { Host = _directory, Username = "postgres", Database = "postgres" }.ConnectionString;

    public static async Task<PrivateServer> StartAsync(IEnumerable<string> settings, CancellationToken cancellationToken)
    {
        // Not under /tmp, which may be memory: there a commit would cost nothing.
        var parent = Environment.GetEnvironmentVariable("PUP_BENCH_DIR") ?? "/var/tmp";
        var directory = Path.Combine(parent, $"pup-bench-{Environment.ProcessId}");
        List<string> command = ["sh", "-c", Script, "sh", directory, FindBinaries(), .. s_settings.Concat(settings).SelectMany(s => new[] { "-c", s })];
        if (Environment.IsPrivilegedProcess)
            command.InsertRange(0, ["runuser", "-u", "postgres", "--"]);
        // A session of its own, runuser included: an interrupt meant for the benchmark's process group must not kill the shell
        // and leave the server behind.
        command.Insert(0, "setsid");
        var shell = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
        var server = new PrivateServer(shell, directory);
        for (var attempt = 0; !await server.AnswersAsync(cancellationToken); attempt++)
        {
            if (attempt == 300 || shell.HasExited)
                throw new BenchException($"The private PostgreSQL server in {directory} did not start; see its messages above.");
            await Task.Delay(100, cancellationToken);
        }
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }

    private static string FindBinaries()
    {
        var chosen = Environment.GetEnvironmentVariable("PUP_POSTGRES_BIN");
        var installed = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(d => Path.Combine(d, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        return (chosen is null ? installed.Concat(path) : [chosen]).FirstOrDefault(d => File.Exists(Path.Combine(d, "postgres")) && File.Exists(Path.Combine(d, "initdb")))
            ?? throw new BenchException("No PostgreSQL server binaries found: install them (apt-get install postgresql), set PUP_POSTGRES_BIN, or set DATABASE_URL to a server where databases may be created.");
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync(cancellationToken);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
