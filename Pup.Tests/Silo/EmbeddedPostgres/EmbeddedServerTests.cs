using System.Globalization;
using Npgsql;
using Pup.Silo.EmbeddedPostgres;

namespace Pup.Tests.Silo.EmbeddedPostgres;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class EmbeddedServerTests : IDisposable
{
    private readonly string _checkout = Directory.CreateTempSubdirectory("pup-embedded-").FullName;
    private readonly List<string> _told = [];

    public EmbeddedServerTests()
    {
        // The server's account must be able to enter it.
        File.SetUnixFileMode(_checkout, (UnixFileMode)0b111_101_101);
    }

    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_is_durable_private_and_keeps_its_data_for_the_next_start()
    {
        await using (var first = await StartAsync())
        {
            Assert.False(first.IsAdopted);
            Assert.StartsWith(Path.Combine(_checkout, ".pup"), first.DataDirectory, StringComparison.Ordinal);
            Assert.Equal("on", await ScalarAsync(first, "show fsync"));
            Assert.Equal("", await ScalarAsync(first, "show listen_addresses"));
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(first.SocketDirectory) & (UnixFileMode)0b000_111_111);
            await ScalarAsync(first, "create table kept as select 42 as n");
        }

        Assert.Empty(ServerProcesses.In(Path.Combine(_checkout, ".pup", "postgres", "data")));
        await using var second = await StartAsync();
        Assert.Equal(42, await ScalarAsync(second, "select n from kept"));
    }

    [Fact]
    public async Task A_second_process_is_refused_and_told_why()
    {
        await using var first = await StartAsync();
        var e = await Assert.ThrowsAsync<EmbeddedPostgresException>(StartAsync);
        Assert.Contains($"in use by another pup, process {Environment.ProcessId}", e.Message, StringComparison.Ordinal);
        Assert.Equal(42, await ScalarAsync(first, "select 42"));
    }

    [Fact]
    public async Task A_server_whose_process_was_killed_is_taken_over_and_then_stopped()
    {
        var first = await StartAsync();
        var pid = PostmasterFile.Read(first.DataDirectory)!.ProcessId;
        first.Abandon();
        await using (var second = await StartAsync())
        {
            Assert.True(second.IsAdopted);
            Assert.Equal(pid, PostmasterFile.Read(second.DataDirectory)!.ProcessId);
            Assert.Equal(42, await ScalarAsync(second, "select 42"));
        }

        Assert.False(ServerProcesses.IsServer(pid, first.DataDirectory));
    }

    [Fact]
    public async Task A_pid_file_left_by_a_crash_does_not_hinder_even_when_its_number_is_someone_elses_now()
    {
        var data = Path.Combine(_checkout, ".pup", "postgres", "data");
        await using (await StartAsync())
        {
        }

        foreach (var pid in new[] { Environment.ProcessId, int.MaxValue - 1 })
        {
            await File.WriteAllTextAsync(
                Path.Combine(data, "postmaster.pid"),
                string.Create(CultureInfo.InvariantCulture, $"{pid}\n{data}\n1700000000\n5432\n/nowhere\n\n 1 2\nready   \n"),
                CancellationToken);
            await using var server = await StartAsync();
            Assert.False(server.IsAdopted);
            Assert.Equal(42, await ScalarAsync(server, "select 42"));
        }
    }

    [Fact]
    public async Task An_initdb_that_was_cut_short_is_made_anew()
    {
        var unfinished = Path.Combine(_checkout, ".pup", "postgres", "data.new", "base");
        Directory.CreateDirectory(unfinished);
        await using var server = await StartAsync();
        Assert.Equal(42, await ScalarAsync(server, "select 42"));
    }

    [Fact]
    public async Task A_long_path_gets_a_short_socket_directory_elsewhere()
    {
        var deep = Path.Combine(_checkout, new string('d', 120));
        Directory.CreateDirectory(deep);
        await using var server = await EmbeddedServer.StartAsync(deep, _told.Add, CancellationToken);
        Assert.True(ServerPlace.FitsSocket(server.SocketDirectory));
        Assert.Equal(42, await ScalarAsync(server, "select 42"));
        Directory.Delete(server.SocketDirectory, recursive: true);
    }

    [Fact]
    public async Task A_configuration_the_server_refuses_is_reported_with_the_servers_own_words()
    {
        await using (await StartAsync())
        {
        }

        var data = Path.Combine(_checkout, ".pup", "postgres", "data");
        await File.AppendAllTextAsync(Path.Combine(data, "postgresql.conf"), "no_such_setting = 1\n", CancellationToken);
        var e = await Assert.ThrowsAsync<EmbeddedPostgresException>(StartAsync);
        Assert.Contains("did not start", e.Message, StringComparison.Ordinal);
        Assert.Contains("FATAL", e.Message, StringComparison.Ordinal);
        Assert.Contains("DATABASE_URL", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_of_a_version_that_is_not_here_says_which_to_install()
    {
        await using (await StartAsync())
        {
        }

        var versionFile = Path.Combine(_checkout, ".pup", "postgres", "data", "PG_VERSION");
        await File.WriteAllTextAsync(versionFile, "99\n", CancellationToken);
        var account = await ServerAccount.ForThisProcessAsync(CancellationToken);
        var place = await ServerPlace.ChooseAsync(_checkout, account, CancellationToken);
        Assert.Equal(99, place.DataMajor);
        Assert.Null(await BinaryLocator.FindAsync(99, account, CancellationToken));
    }

    [Fact]
    public async Task A_prepared_folder_stands_in_for_the_download()
    {
        var account = await ServerAccount.ForThisProcessAsync(CancellationToken);
        var local = (await BinaryLocator.FindAsync(null, account, CancellationToken))!;
        var folder = Path.Combine(_checkout, "binaries");
        var prepared = Path.Combine(folder, $"postgres-{local.Major}.0.0-linux-{Architecture}", "bin");
        Directory.CreateDirectory(prepared);
        foreach (var program in new[] { "initdb", "pg_ctl", "postgres" })
            File.CreateSymbolicLink(Path.Combine(prepared, program), Path.Combine(local.Directory, program));
        var fetched = await BinaryDownload.FetchAsync(folder, local.Major, account, _told.Add, CancellationToken);
        Assert.Equal(local.Major, fetched?.Major);
    }

    public void Dispose() => Directory.Delete(_checkout, recursive: true);

    private static string Architecture =>
        System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64v8" : "amd64";

    private Task<EmbeddedServer> StartAsync() => EmbeddedServer.StartAsync(_checkout, _told.Add, CancellationToken);

    private static async Task<object?> ScalarAsync(EmbeddedServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(CancellationToken);
    }
}
