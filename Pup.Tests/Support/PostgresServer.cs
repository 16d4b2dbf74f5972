using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using Pup.Tests.Support;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Pup.Tests.Support;

/// <summary>
/// A private PostgreSQL server: one for the whole run, by constructor injection, or a test's own by
/// <see cref="StartAsync"/>, to crash and to restart. Trusted over its socket, which only this user can reach; the password
/// in the connection string serves 127.0.0.1.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    // The shell holds the other end of this process's pipe, so the server ends with the process, also after a kill -9.
    private const string Watchdog = """
        root=$1 bin=$2; shift 2
        "$bin/postgres" -D "$root/data" -k "$root" "$@" >>"$root/log" 2>&1 </dev/null &
        pid=$!
        read -r mode || mode=gone
        case $mode in fast) kill -INT $pid ;; *) kill -QUIT $pid ;; esac
        wait $pid
        if [ $mode = gone ] || [ $mode = remove ]; then rm -rf "$root"; fi
        """;

    private readonly PostgresServerOptions _options;
    private readonly SemaphoreSlim _templateLock = new(1);
    private ServerDirectory? _directory;
    private Process? _watchdog;
    private bool _hasTemplate;

    public PostgresServer()
        : this(new PostgresServerOptions())
    {
    }

    private PostgresServer(PostgresServerOptions options) => _options = options;

    public int Port { get; private set; }

    public string SocketDirectory => _directory!.Root;

    public string Password { get; } = RandomNumberGenerator.GetHexString(24);

    internal string LogFile => _directory!.Log;

    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null)
    {
        var server = new PostgresServer(options ?? new PostgresServerOptions());
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        var binaries = PostgresBinaries.Find();
        await ServerDirectory.SweepAsync();
        _directory = await ServerDirectory.CreateAsync();
        await Shell.RunInsideAsync(
            _options.Disk,
            "\"$1/initdb\" -D \"$2\" ${3:+\"--waldir=$3\"} -U postgres -E UTF8 --locale=C --auth-local=trust --auth-host=scram-sha-256 --no-sync --no-instructions",
            binaries,
            _directory.Data,
            _options.HasWalOnDisk ? $"{_options.Disk!.Path}/wal" : "");
        Port = LoopbackPort.Free();
        await StartAgainAsync();
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"alter role postgres password '{Password}'", connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Over the socket. For 127.0.0.1 see <see cref="TcpConnectionString"/>.</summary>
    public string ConnectionString(string database) => Connection(SocketDirectory, database);

    /// <summary>Over 127.0.0.1, for tests that put a proxy in between.</summary>
    public string TcpConnectionString(string database) => Connection("127.0.0.1", database);

    /// <summary>Stops in good order, as a planned restart would, and starts again on the same port and data.</summary>
    public async Task RestartAsync()
    {
        await StopAsync("fast");
        await StartAgainAsync();
    }

    /// <summary>Stops like a crash: sessions are cut, nothing is flushed, the next start recovers from the log.</summary>
    public Task StopImmediateAsync() => StopAsync("immediate");

    /// <summary>Starts a stopped server again, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["listen_addresses"] = "127.0.0.1",
            ["max_connections"] = "300",
            ["max_prepared_transactions"] = "50",
            ["shared_buffers"] = "128MB",
            ["fsync"] = _options.Fsync ? "on" : "off",
            ["full_page_writes"] = _options.Fsync ? "on" : "off",
            ["timezone"] = "UTC",
            ["log_line_prefix"] = "%m [%p] %d %a ",
        };
        foreach (var (name, value) in _options.Settings)
            settings[name] = value;
        _watchdog = Shell.StartInside(
            _options.Disk,
            Watchdog,
            [SocketDirectory, PostgresBinaries.Find(), .. settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })]);
        await Eventually.TrueAsync(AnswersAsync, TimeSpan.FromSeconds(60), "the PostgreSQL server answers");
    }

    public async ValueTask DisposeAsync()
    {
        if (_watchdog is not null)
            await StopAsync("remove");
        else if (_directory is not null)
            await Shell.RunAsync("rm -rf \"$1\"", _directory.Root);
        _directory?.Dispose();
        _templateLock.Dispose();
    }

    /// <summary>A database with the schema, made once, which others are copied from.</summary>
    internal async Task<string> TemplateAsync(Func<string, Task> createAsync)
    {
        const string name = "pup_template";
        await _templateLock.WaitAsync();
        try
        {
            if (!_hasTemplate)
                await createAsync(name);
            _hasTemplate = true;
            return name;
        }
        finally
        {
            _templateLock.Release();
        }
    }

    private string Connection(string host, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = host,
        Port = Port,
        Username = "postgres",
        Password = Password,
        Database = database,
        IncludeErrorDetail = true,
    }.ConnectionString;

    private async Task StopAsync(string mode)
    {
        var watchdog = _watchdog ?? throw new InvalidOperationException("The server is stopped already.");
        _watchdog = null;
        await watchdog.StandardInput.WriteLineAsync(mode);
        watchdog.StandardInput.Close();
        await watchdog.WaitForExitAsync();
        watchdog.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        if (_watchdog!.HasExited)
            throw new InvalidOperationException($"The PostgreSQL server did not start: {await _watchdog.StandardError.ReadToEndAsync()}");
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
