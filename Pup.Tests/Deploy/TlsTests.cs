using System.Globalization;
using System.Net;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>The modes of DATABASE_URL's sslmode, against a server that has a certificate.</summary>
public sealed class TlsTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Certificate _authority = new();
    private readonly Certificate _other = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly string _serverFiles = Path.Combine(Path.GetTempPath(), $"pup-tls-{Guid.NewGuid():N}");

    public async ValueTask DisposeAsync()
    {
        _authority.Dispose();
        _other.Dispose();
        _folder.Delete(recursive: true);
        await Shell.RunAsync("rm -rf \"$1\"", _serverFiles);
    }

    [Fact]
    public async Task A_silo_uses_the_line_that_its_sslmode_demands_and_refuses_a_server_that_is_not_the_right_one()
    {
        await using var server = await StartAsync(_authority.Issue("localhost", IPAddress.Loopback));
        await using var database = await TestDatabase.CreateAsync(server);
        var (right, wrong) = (await FileAsync("right.pem", _authority.Root), await FileAsync("wrong.pem", _other.Root));

        await RunsAsync(server, database, "", isEncrypted: true);
        await RunsAsync(server, database, "sslmode=require", isEncrypted: true);
        await RunsAsync(server, database, $"sslmode=verify-full&sslrootcert={right}", isEncrypted: true);
        await RunsAsync(server, database, "sslmode=disable", isEncrypted: false);
        await RefusesAsync(server, database, $"sslmode=verify-full&sslrootcert={wrong}");
        await RefusesAsync(server, database, $"sslmode=verify-ca&sslrootcert={wrong}");
    }

    [Fact]
    public async Task A_certificate_of_another_host_passes_verify_ca_but_not_verify_full()
    {
        await using var server = await StartAsync(_authority.Issue("elsewhere.example"));
        await using var database = await TestDatabase.CreateAsync(server);
        var root = await FileAsync("root.pem", _authority.Root);

        await RunsAsync(server, database, $"sslmode=verify-ca&sslrootcert={root}", isEncrypted: true);
        await RefusesAsync(server, database, $"sslmode=verify-full&sslrootcert={root}");
    }

    private async Task<PostgresServer> StartAsync((string Certificate, string Key) issued)
    {
        // The server's user must own its key.
        await Shell.RunAsync(
            "umask 077 && mkdir \"$1\" && printf %s \"$2\" >\"$1/server.crt\" && printf %s \"$3\" >\"$1/server.key\"", _serverFiles, issued.Certificate, issued.Key);
        return await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string> { ["ssl"] = "on", ["ssl_cert_file"] = $"{_serverFiles}/server.crt", ["ssl_key_file"] = $"{_serverFiles}/server.key" },
        });
    }

    private static async Task RunsAsync(PostgresServer server, TestDatabase database, string parameters, bool isEncrypted)
    {
        await using var silo = SiloProcess.Start(Url(server, database, parameters));
        await silo.SaysAsync("started");
        // Of all its sessions, those of Orleans too.
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>(
                "select count(*) > 2 and bool_and(s.ssl = $1) from pg_stat_activity a join pg_stat_ssl s using (pid) where a.datname = current_database() and a.application_name like 'pup%'", isEncrypted),
            s_patience,
            $"all sessions are {(isEncrypted ? "encrypted" : "plain")} with {parameters}");
        await silo.KillAsync();
    }

    private static async Task RefusesAsync(PostgresServer server, TestDatabase database, string parameters)
    {
        await using var silo = SiloProcess.Start(Url(server, database, parameters));
        await silo.SaysAsync("certificate");
        Assert.DoesNotContain(server.Password, silo.Log(), StringComparison.Ordinal);
        Assert.DoesNotContain("started", silo.Log(), StringComparison.Ordinal);
        await silo.KillAsync();
    }

    private static string Url(PostgresServer server, TestDatabase database, string parameters) =>
        string.Create(CultureInfo.InvariantCulture, $"postgres://postgres:{server.Password}@127.0.0.1:{server.Port}/{database.Name}?{parameters}");

    private async Task<string> FileAsync(string name, string content)
    {
        var file = Path.Combine(_folder.FullName, name);
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        return file;
    }
}
