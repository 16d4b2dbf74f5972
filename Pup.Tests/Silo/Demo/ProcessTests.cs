using System.Text.RegularExpressions;
using Pup.Silo.EmbeddedPostgres;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Demo;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed partial class ProcessTests : IDisposable
{
    private readonly PostgresServer _server;
    private readonly GitRepository _git = NastyHistory.Create();
    private readonly string _home = Directory.CreateTempSubdirectory("pup-home-").FullName;

    public ProcessTests(PostgresServer server)
    {
        _server = server;
        File.SetUnixFileMode(_home, (UnixFileMode)0b111_101_101);
    }

    [Fact]
    public async Task After_a_kill_the_next_run_takes_the_server_over_and_goes_on_and_then_stops_it()
    {
        await using (var killed = Demo())
        {
            await killed.SaysAsync("The silo is running");
            await killed.SignalAsync("KILL");
            Assert.Equal(137, await killed.EndAsync());
        }

        Assert.NotEmpty(ServerProcesses.In(DataDirectory));
        _git.Commit("main", "dan", "after the kill=x\n");
        await using (var next = Demo("--once"))
        {
            Assert.True(await next.EndAsync() == 0, next.Error);
            Assert.Contains("Taking over", next.Error, StringComparison.Ordinal);
            Assert.Contains("Imported 2 events of 1 commits", next.Error, StringComparison.Ordinal);
            Assert.Contains($"\"live_paths\":{GitRepository.PathsAlive(_git.Path).Count},", next.Output, StringComparison.Ordinal);
        }

        Assert.Empty(ServerProcesses.In(DataDirectory));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_stops_silo_and_server_in_good_order(string signal)
    {
        await using var pup = Demo();
        await pup.SaysAsync("The silo is running");
        using var client = new HttpClient();
        var url = Address().Match(pup.Error).Value;
        Assert.Contains("file_activity", await client.GetStringAsync(new Uri(url + "/status"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("<table>", await client.GetStringAsync(new Uri(url), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await using (var second = Demo("--once"))
        {
            Assert.Equal(1, await second.EndAsync());
            Assert.Contains($"in use by another pup, process {pup.Id}", second.Error, StringComparison.Ordinal);
        }

        await pup.SignalAsync(signal);
        Assert.Equal(0, await pup.EndAsync());
        Assert.EndsWith("Stopped gracefully.", pup.Error.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("Hottest files", pup.Output, StringComparison.Ordinal);
        Assert.Empty(ServerProcesses.In(DataDirectory));
    }

    [Fact]
    public async Task A_rewritten_history_is_refused_until_the_database_is_made_afresh()
    {
        await using (var first = Demo("--once"))
            Assert.True(await first.EndAsync() == 0, first.Error);
        _git.Git("update-ref", "refs/heads/main", _git.Git("rev-parse", "main~1"));
        await using (var refused = Demo("--once"))
        {
            Assert.Equal(1, await refused.EndAsync());
            Assert.Contains("--fresh", refused.Error, StringComparison.Ordinal);
        }

        await using var fresh = Demo("--once", "--fresh");
        Assert.True(await fresh.EndAsync() == 0, fresh.Error);
        Assert.Contains($"\"live_paths\":{GitRepository.PathsAlive(_git.Path).Count},", fresh.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM", "PARTITION_KEY", new string[0])]
    [InlineData("INT", "UNRELATED", new[] { "--partition-key=3" })]
    public async Task Run_waits_for_nothing_but_a_signal_and_says_how_it_stopped(string signal, string variable, string[] flags)
    {
        await using var database = await TestDatabase.CreateAsync(_server);
        await using var pup = PupProcess.Start(
            new Dictionary<string, string> { ["DATABASE_URL"] = database.ConnectionString, [variable] = "3" },
            ["run-projections", "--total-partitions", "4", "--name", "file_activity", .. flags]);
        await pup.SaysAsync("started");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_checkpoints where projection_name ~ '^file_activity_p[0-3]$'") == 4,
            TimeSpan.FromMinutes(1),
            "its four partitions have checkpoints");
        await pup.SignalAsync(signal);
        Assert.Equal(0, await pup.EndAsync());
        Assert.Contains("stopped gracefully", pup.Error, StringComparison.Ordinal);
        Assert.Single(MatchesOf("PARTITION_KEY is ignored", pup.Error));
        Assert.Equal(1L, await database.ScalarAsync<long>("select count(*) from projections"));
    }

    [Fact]
    public async Task Run_refuses_a_database_without_the_schema_and_migrate_makes_it()
    {
        await using var database = await TestDatabase.CreateAsync(_server, migrate: false);
        var environment = new Dictionary<string, string> { ["DATABASE_URL"] = database.ConnectionString };
        await using (var run = PupProcess.Start(environment, "run"))
        {
            Assert.Equal(1, await run.EndAsync());
            Assert.Contains("pup migrate", run.Error, StringComparison.Ordinal);
        }

        await using (var migrate = PupProcess.Start(environment, "migrate"))
            Assert.Equal(0, await migrate.EndAsync());
        await database.ExecuteAsync("insert into projection_checkpoints (projection_name, last_global_position) values ('beyond', 7)");
        await using (var refused = PupProcess.Start(environment, "accept-log"))
        {
            Assert.Equal(1, await refused.EndAsync());
            Assert.Contains("beyond at 7", refused.Error, StringComparison.Ordinal);
        }

        await database.ExecuteAsync("delete from projection_checkpoints");
        await using (var accepted = PupProcess.Start(environment, "accept-log"))
            Assert.Equal(0, await accepted.EndAsync());
        Assert.Equal(1L, await database.ScalarAsync<long>("select count(*) from projection_audit where action = 'accept-log'"));
    }

    public void Dispose()
    {
        _git.Dispose();
        foreach (var process in ServerProcesses.In(DataDirectory))
            System.Diagnostics.Process.Start("kill", ["-QUIT", process.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();
        Directory.Delete(_home, recursive: true);
    }

    private string DataDirectory => Path.Combine(_home, ".pup", "postgres", "data");

    private PupProcess Demo(params string[] arguments) =>
        PupProcess.Start(new Dictionary<string, string> { ["PUP_HOME"] = _home }, ["demo", "--repository", _git.Path, .. arguments]);

    private static string[] MatchesOf(string text, string within) => [.. within.Split('\n').Where(line => line.Contains(text, StringComparison.Ordinal))];

    [GeneratedRegex(@"http://\S+")]
    private static partial Regex Address();
}
