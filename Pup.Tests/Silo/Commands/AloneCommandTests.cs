using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Commands;

/// <summary>Commands where no silo is up, or no server, or nothing that was meant.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class AloneCommandTests(PostgresServer server)
{
    [Fact]
    public async Task Without_a_silo_questions_are_answered_and_changes_say_what_is_missing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        Assert.Contains("no projections yet", (await PupRun.OnAsync(database, "list")).Fits().Output, StringComparison.Ordinal);
        await EventLog.AppendAsync(database, 10, 2);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(static () => new LedgerProjection());
            await engine.CaughtUpAsync(database);
        }

        Assert.Contains("ledger", (await PupRun.OnAsync(database, "list")).Fits().Output, StringComparison.Ordinal);
        Assert.Contains("0 behind position 10", (await PupRun.OnAsync(database, "status", "ledger")).Fits().Output, StringComparison.Ordinal);
        Assert.Contains("where projection_name in ('ledger');", (await PupRun.OnAsync(database, "sql", "recover", "ledger")).Good().Output, StringComparison.Ordinal);
        (await PupRun.OnAsync(database, "pause", "ledger", "--patience", "500ms")).Ends(1, "pup run");
        (await PupRun.OnAsync(database, "dead-letters", "retry", "ledger", "4711")).Ends(3, "no dead letter 4711");
        var waiting = await PupRun.OnAsync(database, "pause", "ledger", "--patience", "3s");
        Assert.StartsWith("No silo has answered yet; trying for as long as --patience says.\npup: No silo of cluster", waiting.Error, StringComparison.Ordinal);
        (await PupRun.OnAsync(database, "status", "nobody")).Ends(3, "pup list");
    }

    [Fact]
    public async Task In_a_database_without_tables_it_is_said_how_they_are_made()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        (await PupRun.OnAsync(database, "list")).Ends(1, "run `pup migrate`");
    }

    [Fact]
    public async Task Help_shows_what_a_command_is_about_and_that_of_run_every_setting_with_its_default()
    {
        var nothing = new Dictionary<string, string>();
        var status = (await PupRun.RunAsync(nothing, "status", "--help")).Good().Output;
        Assert.Contains("--database-url", status, StringComparison.Ordinal);
        Assert.DoesNotContain("--batch-size", status, StringComparison.Ordinal);
        var run = (await PupRun.RunAsync(nothing, "run", "--help")).Good().Output;
        Assert.All(["--batch-size", "A whole number from 1 to 100,000. Default: 500.", "Default: 16 MiB.", "Default: 30s."], word => Assert.Contains(word, run, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, "(Connection refused). Is the server running", "list")]
    [InlineData(2, "one of", "list", "--log-level", "Loud")]
    [InlineData(2, "duration", "pause", "x", "--patience", "soon")]
    [InlineData(2, "URL", "list", "--url", "somewhere")]
    [InlineData(1, "cannot be reached", "list", "--url", "http://127.0.0.1:1")]
    [InlineData(2, "from 1 to 10,000", "repartition", "x", "0")]
    [InlineData(2, "from 1 to 10,000", "repartition", "x", "many")]
    [InlineData(2, "Required argument", "status")]
    [InlineData(2, "See 'pup dead-letters list --help'", "dead-letters", "list")]
    [InlineData(2, "'pup list' has no option '--nonsense'. See 'pup list --help'", "list", "--nonsense")]
    [InlineData(2, "'pup list' has no option '--jsno'. Did you mean '--json'?", "list", "--jsno")]
    [InlineData(2, "'pup' has no command 'statsu'. Did you mean 'status'?", "statsu", "ledger")]
    [InlineData(2, "'pup dead-letters' has no command 'lst'. Did you mean 'list'?", "dead-letters", "lst")]
    [InlineData(2, "'pup status' does not take 'other'", "status", "ledger", "other")]
    [InlineData(2, "no silo to ask", "health")]
    public async Task What_cannot_work_is_one_line(int exitCode, string words, params string[] arguments) =>
        (await PupRun.RunAsync(new Dictionary<string, string> { ["DATABASE_URL"] = "postgres://ann:hunter2@127.0.0.1:1/db" }, arguments)).Ends(exitCode, words);

    [Fact]
    public async Task Catch_up_runs_a_projection_once_where_no_silo_has_it_and_waits_where_one_has()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 300, 20);
        await using (var once = Host(database, "catch-up", "ledger", "--total-partitions=3"))
        {
            Assert.True(await once.ExitAsync() == 0, once.Log());
            Assert.Contains("Running ledger once", once.Log(), StringComparison.Ordinal);
        }

        await Ledger.AssertExactAsync(database);
        Assert.Equal(300, await database.ScalarAsync<long>("select min(last_global_position) from projection_checkpoints where projection_name ~ '^ledger_p[0-2]$'"));

        await using var silo = SiloProcess.Start(database.ConnectionString);
        await silo.SaysAsync("started");
        await EventLog.AppendAsync(database, 100, 20);
        await using var waiting = Host(database, "catch-up", "ledger");
        Assert.True(await waiting.ExitAsync() == 0, waiting.Log());
        Assert.Contains("Waiting for ledger", waiting.Log(), StringComparison.Ordinal);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task Catch_up_that_leaves_parked_events_or_meets_a_stopped_projection_fails_and_says_so()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("""
            insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
            values ('Source', 'File', 'broken', 1, gen_random_uuid(), 'FileAdded', 'not json'::bytea)
            """);
        var parked = await PupRun.OnAsync(database, "catch-up", "file_activity", "--retry-delay", "1ms", "--json");
        Assert.Equal(1, parked.ExitCode);
        Assert.Equal(1, parked.Json.GetProperty("parkedKeys").GetInt32());

        await database.ExecuteAsync("update projections set state = 'paused'");
        await EventLog.AppendAsync(database, 1, 1);
        (await PupRun.OnAsync(database, "catch-up", "file_activity")).Fails(1, "paused");
        (await PupRun.OnAsync(database, "catch-up", "nobody")).Fails(3, "no projection 'nobody'");
    }

    [Fact]
    public async Task Health_is_that_of_the_silo_on_this_machine_or_of_the_one_that_is_named()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var silo = SiloProcess.Start(database.ConnectionString, "Pup__Http=127.0.0.1:0");
        await silo.SaysAsync("listening on http://");
        await silo.SaysAsync("started");
        var url = System.Text.RegularExpressions.Regex.Match(silo.Log(), @"listening on (http://\S+)").Groups[1].Value.TrimEnd('.');

        Assert.Equal("healthy", (await PupRun.RunAsync(new Dictionary<string, string>(), "health", "--url", url)).Good().Output.Trim());
        Assert.Equal("healthy", (await PupRun.RunAsync(new Dictionary<string, string> { ["Pup__Http"] = $"0.0.0.0:{new Uri(url).Port}" }, "health", "--json")).Good().Json.GetProperty("status").GetString());
        await silo.KillAsync();
        await silo.ExitAsync();
        var dead = await PupRun.RunAsync(new Dictionary<string, string>(), "health", "--url", url);
        Assert.Equal(1, dead.ExitCode);
        Assert.StartsWith("unhealthy: http://127.0.0.1", dead.Output, StringComparison.Ordinal);
    }

    private static SiloProcess Host(TestDatabase database, params string[] arguments) => SiloProcess.Start(database.ConnectionString, arguments);
}
