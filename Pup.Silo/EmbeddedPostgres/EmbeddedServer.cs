using System.Diagnostics;
using Npgsql;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>
/// A private, durable PostgreSQL server of one checkout. It is stopped with this process; if this process was killed,
/// the next one takes it over as it runs.
/// </summary>
internal sealed class EmbeddedServer : IAsyncDisposable
{
    public const int Port = 5432;
    public const string User = "postgres";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly ServerPlace _place;
    private readonly ServerAccount _account;
    private readonly PostgresBinaries _binaries;
    private readonly ServerLock _lock;

    private EmbeddedServer(ServerPlace place, ServerAccount account, PostgresBinaries binaries, ServerLock @lock)
    {
        _place = place;
        _account = account;
        _binaries = binaries;
        _lock = @lock;
    }

    /// <summary>True when the server ran already, left over by a process that was killed.</summary>
    public bool IsAdopted { get; private set; }

    public string SocketDirectory => _place.Socket;

    public string DataDirectory => _place.Data;

    /// <summary>Starts the checkout's server or takes it over. <paramref name="tell"/> gets a line whenever something takes long.</summary>
    public static async Task<EmbeddedServer> StartAsync(string checkout, Action<string> tell, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new EmbeddedPostgresException("A private PostgreSQL server is started on Linux only. Set DATABASE_URL to an existing database.");
        var account = await ServerAccount.ForThisProcessAsync(cancellationToken);
        var place = await ServerPlace.ChooseAsync(checkout, account, cancellationToken);
        var @lock = ServerLock.Take(place);
        try
        {
            var binaries = await new BinarySource(place, account, tell).GetAsync(cancellationToken);
            var server = new EmbeddedServer(place, account, binaries, @lock);
            await server.RunAsync(tell, cancellationToken);
            return server;
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = _place.Socket,
        Port = Port,
        Username = User,
        Database = database,
    }.ConnectionString;

    /// <summary>Stops the server in good order; sessions still open are ended.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            var stop = await _account.RunAsync(_binaries.PgCtl, ["stop", "-D", _place.Data, "-m", "fast", "-w", "-t", "60", "-s"], CancellationToken.None);
            if (!stop.Succeeded && PostmasterFile.Read(_place.Data) is { } left && ServerProcesses.IsServer(left.ProcessId, _place.Data))
                throw new EmbeddedPostgresException($"The private PostgreSQL server, process {left.ProcessId}, did not stop: {stop.Reason}");
        }
        finally
        {
            _lock.Dispose();
        }
    }

    /// <summary>Leaves the server running without an owner, as a killed process does. For tests.</summary>
    internal void Abandon() => _lock.Dispose();

    private async Task RunAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        IsAdopted = await FindRunningAsync(cancellationToken) is { IsReady: true };
        if (IsAdopted)
        {
            tell("Taking over the private PostgreSQL server that an earlier run left behind.");
        }
        else
        {
            await new DataDirectory(_place, _account, _binaries).PrepareAsync(cancellationToken);
            await StartServerAsync(cancellationToken);
        }

        try
        {
            await VerifyAsync(cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>The server of this data directory once it is ready, or null once it is certain that there is none.</summary>
    private async Task<PostmasterFile?> FindRunningAsync(CancellationToken cancellationToken)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(Pause, cancellationToken))
        {
            var file = PostmasterFile.Read(_place.Data);
            if (file is not null && ServerProcesses.IsServer(file.ProcessId, _place.Data))
            {
                if (file.IsReady)
                    return file;
            }
            else if (ServerProcesses.In(_place.Data).Length == 0)
            {
                // Its number may belong to another process by now, which would keep the server from starting.
                RemoveStaleFiles();
                return null;
            }
        }

        var left = string.Join(", ", ServerProcesses.In(_place.Data));
        throw new EmbeddedPostgresException(
            $"The private PostgreSQL server in {_place.Data} neither answers nor ends (processes {left}). See {_place.Log}; end them with kill, or set DATABASE_URL.");
    }

    private void RemoveStaleFiles()
    {
        File.Delete(Path.Combine(_place.Socket, $".s.PGSQL.{Port}.lock"));
        File.Delete(Path.Combine(_place.Socket, $".s.PGSQL.{Port}"));
        if (Directory.Exists(_place.Data))
            File.Delete(Path.Combine(_place.Data, "postmaster.pid"));
    }

    // pg_ctl gives the server a session of its own: a Ctrl-C at the terminal must reach this process alone.
    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        var seconds = ((int)Patience.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var start = await _account.RunAsync(_binaries.PgCtl, ["start", "-D", _place.Data, "-l", _place.Log, "-w", "-t", seconds, "-s"], cancellationToken);
        if (start.Succeeded)
            return;
        var reason = File.Exists(_place.Log) ? File.ReadLines(_place.Log).LastOrDefault(IsFatal) : null;
        throw new EmbeddedPostgresException(
            $"The private PostgreSQL server in {_place.Data} did not start: {reason ?? start.Reason}. See {_place.Log}, or set DATABASE_URL.");
    }

    private static bool IsFatal(string line) =>
        line.Contains("FATAL:", StringComparison.Ordinal) || line.Contains("PANIC:", StringComparison.Ordinal);

    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        const string sql = "show data_directory";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=30");
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(sql, connection);
            if (await command.ExecuteScalarAsync(cancellationToken) as string == _place.Data)
                return;
        }
        catch (NpgsqlException e)
        {
            throw new EmbeddedPostgresException($"The private PostgreSQL server in {_place.Data} does not answer: {e.Message} See {_place.Log}, or set DATABASE_URL.", e);
        }

        throw new EmbeddedPostgresException($"Another server answers at {_place.Socket}. Stop it, or set DATABASE_URL.");
    }
}
