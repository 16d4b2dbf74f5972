using Pup.Tests.Docs;
using Pup.Tests.Silo.Demo;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Mounting;

/// <summary>The stock program with projections that it does not know, as they lie beside each other after they were published.</summary>
public sealed class MountedProjectionsTests(PostgresServer server) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    // The sample is built with the tests, in the same configuration.
    internal static string Published { get; } = Path.Combine(
        Repository.PathOf("samples/Mounted"), "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Mounted_projections_run_with_a_library_of_their_own_that_the_host_lacks()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        foreach (var file in Directory.GetFiles(Published))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        Assert.Contains(_folder.GetFiles(), static file => file.Name == "Dapper.dll");
        Assert.DoesNotContain(_folder.GetFiles(), static file => file.Name is "Pup.Grains.dll" or "Npgsql.dll");

        await using var pup = Start(database.ConnectionString, _folder.FullName);

        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select to_regclass('events_of_the_day') is not null")
                && await database.ScalarAsync<long>("select coalesce(sum(events), 0)::bigint from events_of_the_day") == 100,
            TimeSpan.FromSeconds(60),
            "all events are counted");
        Assert.Equal("events_of_the_day", await database.ScalarAsync<string>("select string_agg(name, ' ') from projections"));
        await pup.SignalAsync("TERM");
        Assert.Equal(0, await pup.EndAsync());
    }

    [Fact]
    public async Task What_cannot_be_mounted_is_said_in_one_line()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await SaysAsync(database, Path.Combine(_folder.FullName, "nowhere"), "there is no such folder");
        await SaysAsync(database, _folder.FullName, "no assembly has a projection");
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "damaged.dll"), "MZ", TestContext.Current.CancellationToken);
        await SaysAsync(database, _folder.FullName, "damaged.dll' is no assembly, or is damaged");
    }

    [Fact]
    public async Task A_library_that_an_assembly_needs_and_that_is_not_there_is_named()
    {
        File.Copy(Path.Combine(Published, "Mounted.dll"), Path.Combine(_folder.FullName, "Mounted.dll"));
        await using var database = await TestDatabase.CreateAsync(server);

        await using var pup = Start(database.ConnectionString, _folder.FullName);

        await pup.SaysAsync("Dapper");
    }

    private static async Task SaysAsync(TestDatabase database, string folder, string words)
    {
        await using var pup = Start(database.ConnectionString, folder);
        Assert.Equal(2, await pup.EndAsync());
        Assert.Contains(words, pup.Error, StringComparison.Ordinal);
        Assert.Single(pup.Error.Trim().Split('\n'), static line => line.StartsWith("pup:", StringComparison.Ordinal));
    }

    private static PupProcess Start(string connectionString, string folder) => PupProcess.Start(
        new Dictionary<string, string> { ["DATABASE_URL"] = connectionString, ["PUP_PROJECTIONS"] = folder, ["Pup__AutoMigrate"] = "true", ["Pup__Gateway"] = "false" },
        "run");
}
