using System.Diagnostics;
using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

/// <summary>A physical standby of a test's own server; it lives in that server's directory and ends with this object.</summary>
internal sealed class Replica : IAsyncDisposable
{
    private const string RunScript = """
        root=$1 bin=$2 port=$3
        "$bin/postgres" -D "$root/replica/data" -k "$root/replica" -p "$port" -c listen_addresses= -c max_connections=300 -c max_prepared_transactions=50 >"$root/replica/log" 2>&1 </dev/null &
        pid=$!
        read -r ignored
        kill -QUIT $pid
        wait $pid
        """;

    private readonly Process _watchdog;
    private readonly string _directory;

    private Replica(Process watchdog, string directory) => (_watchdog, _directory) = (watchdog, directory);

    public static async Task<Replica> StartAsync(PostgresServer primary)
    {
        var (root, binaries, port) = (primary.SocketDirectory, PostgresBinaries.Find(), $"{primary.Port}");
        await Shell.RunAsync(
            "mkdir -m 700 \"$1/replica\" && \"$2/pg_basebackup\" -h \"$1\" -p \"$3\" -U postgres -D \"$1/replica/data\" -R -X stream -c fast --no-sync",
            root,
            binaries,
            port);
        return new Replica(Shell.Start(RunScript, root, binaries, port), Path.Combine(root, "replica"));
    }

    public string ConnectionString(TestDatabase database) => new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = _directory }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        _watchdog.StandardInput.Close();
        await _watchdog.WaitForExitAsync();
        _watchdog.Dispose();
    }
}
