using System.Globalization;
using Npgsql;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Silo.Demo;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>The runbooks of docs/backup.md, as they are written there, with PostgreSQL's own tools.</summary>
public sealed class RestoreTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly string s_tools = PostgresBinaries.Find();

    private readonly string _archive = Path.Combine(Path.GetTempPath(), $"pup-backup-{Guid.NewGuid():N}");
    private PostgresServer _server = null!;
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        await Shell.RunAsync("mkdir -m 700 \"$1\" \"$1/wal\"", _archive);
        _server = await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string> { ["archive_mode"] = "on", ["archive_command"] = $"cp %p {_archive}/wal/%f", ["wal_level"] = "replica" },
        });
        _database = await TestDatabase.CreateAsync(_server);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _server.DisposeAsync();
        await Shell.RunAsync("rm -rf \"$1\"", _archive);
    }

    [Fact]
    public async Task A_dump_restored_elsewhere_goes_on_where_it_stood_once_its_log_is_accepted()
    {
        await AppliedAsync(_database, 300);
        await ToolAsync("pg_dump", "-Fc", "-f", Dump, _database.Name);
        await EventLog.AppendAsync(_database, 100, 10);

        await using var restored = await TestDatabase.CreateAsync(_server, migrate: false);
        await ToolAsync("pg_restore", "-d", restored.Name, Dump);
        await using (var silo = SiloProcess.Start(restored.ConnectionString))
        {
            await silo.SaysAsync("pup accept-log");
            await EventLog.AppendAsync(restored, 50, 10);
            Assert.Equal(300L, await restored.ScalarAsync<long>("select count(*) from ledger where projection = 'ledger'"));
            await AcceptAsync(restored);
            await ExactAsync(restored, 350);
            await silo.KillAsync();
        }
    }

    [Fact]
    public async Task Silos_that_run_while_an_older_dump_is_restored_notice_and_stop_and_lose_nothing_of_what_is_appended_then()
    {
        await AppliedAsync(_database, 300);
        await ToolAsync("pg_dump", "-Fc", "-f", Dump, _database.Name);
        await using var silo = SiloProcess.Start(_database.ConnectionString);
        await silo.SaysAsync("started");
        await EventLog.AppendAsync(_database, 100, 10);
        await ExactAsync(_database, 400);

        await ToolAsync("pg_restore", "--clean", "-d", _database.Name, Dump);
        await silo.SaysAsync("pup accept-log");
        await EventLog.AppendAsync(_database, 50, 10);

        await AcceptAsync(_database);
        await ExactAsync(_database, 350);
        await silo.KillAsync();
    }

    [Fact]
    public async Task A_server_recovered_to_a_point_in_time_goes_on_from_there()
    {
        var copy = $"{_archive}/data";
        await AppliedAsync(_database, 300);
        await ToolAsync("pg_basebackup", "-D", copy, "-c", "fast");
        await AppliedAsync(_database, 100);
        await _database.ExecuteAsync("select pg_create_restore_point('before_the_accident')");
        await _database.ExecuteAsync("delete from ledger");
        await _database.ExecuteAsync("select pg_switch_wal()");
        await _database.ExecuteAsync("checkpoint");

        var port = _server.Port + 1;
        await Shell.RunAsync(
            """
            printf "restore_command = 'cp %s/wal/%%f %%p'\nrecovery_target_name = 'before_the_accident'\nrecovery_target_action = 'promote'\narchive_mode = off\n" "$1" >>"$2/postgresql.auto.conf"
            touch "$2/recovery.signal"
            "$3/pg_ctl" -D "$2" -l "$2/log" -w -t 60 -o "-p $4 -k $1 -c listen_addresses=127.0.0.1 -c max_connections=300 -c max_prepared_transactions=50" start >/dev/null 2>&1
            """,
            _archive,
            copy,
            s_tools,
            port.ToString(CultureInfo.InvariantCulture));
        try
        {
            var address = new NpgsqlConnectionStringBuilder(_server.TcpConnectionString(_database.Name)) { Port = port }.ConnectionString;
            await using var recovered = NpgsqlDataSource.Create(address);
            await Eventually.TrueAsync(async () => await ScalarAsync(recovered, "select (not pg_is_in_recovery())::int::bigint") == 1, s_patience, "the server is promoted");
            Assert.Equal(400, await ScalarAsync(recovered, "select count(*) from ledger where projection = 'ledger'"));

            await using var silo = SiloProcess.Start(address);
            await silo.SaysAsync("started");
            await using (var append = recovered.CreateCommand(
                "insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) select 'Test', 'Thing', 'after', i, gen_random_uuid(), 'Happened', '{}' from generate_series(1, 50) as i"))
                await append.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(
                async () => await ScalarAsync(recovered, "select count(distinct global_position) from ledger where projection = 'ledger'") == 450
                    && await ScalarAsync(recovered, "select count(*) from ledger where projection = 'ledger'") == 450,
                s_patience,
                "all events are applied once");
            await silo.KillAsync();
        }
        finally
        {
            await Shell.RunAsync("\"$1/pg_ctl\" -D \"$2\" -m immediate stop >/dev/null 2>&1", s_tools, copy);
        }
    }

    private string Dump => $"{_archive}/dump";

    private static async Task AppliedAsync(TestDatabase database, int events)
    {
        await EventLog.AppendAsync(database, events, 10);
        await using var silo = SiloProcess.Start(database.ConnectionString);
        await ExactAsync(database, await database.ScalarAsync<long>("select count(*) from events"));
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select coalesce((select max(mark) from projection_log_mark), 0) = (select max(global_position) from events)"), s_patience, "the mark is kept");
        await silo.TerminateAsync();
        Assert.Equal(0, await silo.ExitAsync());
    }

    private static async Task ExactAsync(TestDatabase database, long events)
    {
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select to_regclass('ledger') is not null")
                && await database.ScalarAsync<long>("select count(*) from ledger where projection = 'ledger'") == events,
            s_patience,
            $"{events} events are applied");
        await Ledger.AssertExactAsync(database);
    }

    private static async Task AcceptAsync(TestDatabase database)
    {
        await using var accept = PupProcess.Start(Role.Environment(database.ConnectionString), "accept-log");
        Assert.True(await accept.EndAsync() == 0, accept.Error);
    }

    // As the server's user over its socket, where no password is asked.
    private Task ToolAsync(string tool, params string[] arguments) => Shell.RunAsync(
        "tool=$1 socket=$2 port=$3; shift 3; \"$tool\" -h \"$socket\" -p \"$port\" -U postgres \"$@\"",
        [$"{s_tools}/{tool}", _server.SocketDirectory, _server.Port.ToString(CultureInfo.InvariantCulture), .. arguments]);

    private static async Task<long> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            return (long)(await command.ExecuteScalarAsync())!;
        }
        catch (NpgsqlException)
        {
            return -1; // Not yet, or no longer: asked again.
        }
    }
}
