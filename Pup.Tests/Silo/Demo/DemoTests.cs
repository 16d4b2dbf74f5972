using System.Text.Json;
using Pup.Silo.Demo;
using Pup.Silo.Demo.History;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Demo;

public sealed class DemoTests(PostgresServer server)
{
    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_paths_alive_are_those_of_gits_own_tree_and_a_second_run_projects_only_what_is_new()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var first = await OnceAsync(database, "--repository", git.Path);
        await AssertOracleAsync(database, git.Path, first);

        git.Commit("main", "dan", "D README", "new/file=x\n");
        var second = await OnceAsync(database, "--repository", git.Path);
        Assert.Equal(first.GetProperty("events").GetInt64() + 3, second.GetProperty("events").GetInt64());
        await AssertOracleAsync(database, git.Path, second);
        Assert.Equal(1L, await database.ScalarAsync<long>("select (document ->> 'commits')::bigint from author_activity_documents where document ->> 'lastCommit' = $1", git.Git("rev-parse", "main")));
    }

    [Fact]
    public async Task This_checkout_projects_to_its_own_tree()
    {
        var checkout = DemoSource.Checkout();
        if (!Path.Exists(Path.Combine(checkout, ".git")) || await new Git(checkout).AskAsync(null, CancellationToken, "rev-parse", "HEAD") is null)
            return; // An export without history; the repository made above has the nastier one anyway.
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await AssertOracleAsync(database, checkout, await OnceAsync(database));
    }

    [Fact]
    public async Task The_published_stream_projects_to_its_known_totals()
    {
        var file = Path.Combine(DemoSource.Checkout(), "..", "shared", "data", "orleans-history.ndjson.gz");
        if (!File.Exists(file))
            return; // Not part of the repository.
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var result = await OnceAsync(database, "--ndjson", file);
        Assert.Equal((69_894, 5_332, 0), (result.GetProperty("file_events").GetInt64(), result.GetProperty("live_paths").GetInt64(), result.GetProperty("lag").GetInt64()));
        Assert.Equal(2_158_900L, await database.ScalarAsync<long>("select sum(lines_added)::bigint from directory_activity"));
        Assert.Equal(485L, await database.ScalarAsync<long>("select count(*) from author_activity_documents"));
    }

    [Fact]
    public async Task A_parked_event_makes_once_fail_and_say_so()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("""
            insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
            values ('Source', 'File', 'broken', 1, gen_random_uuid(), 'FileAdded', 'not json'::bytea)
            """);
        await using var pup = PupProcess.Start(Environment(database), "demo", "--once", "--repository", git.Path, "--retry-delay", "1ms");
        Assert.Equal(1, await pup.EndAsync());
        Assert.Equal("", pup.Output.Trim());
        Assert.Contains("1 parked event", pup.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://ann:hunter2@127.0.0.1:x/db", 2, "malformed")]
    [InlineData("postgres://ann:hunter2@127.0.0.1:1/db", 1, "cannot be reached")]
    [InlineData("postgres://postgres:hunter2@127.0.0.1:PORT/postgres", 1, "refused the password")]
    [InlineData("postgres://postgres@127.0.0.1:PORT/postgres", 1, "password")]
    [InlineData("Host=SOCKET;Port=PORT;Username=postgres;Database=nothing_here", 1, "does not exist")]
    public async Task A_database_that_cannot_be_used_is_one_line_without_the_password(string address, int exitCode, string expected)
    {
        using var git = GitRepository.Create();
        git.Commit("main", "ann", "a=x");
        address = address
            .Replace("PORT", server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("SOCKET", server.SocketDirectory, StringComparison.Ordinal);
        await using var pup = PupProcess.Start(new Dictionary<string, string> { ["DATABASE_URL"] = address }, "demo", "--once", "--repository", git.Path);
        Assert.Equal(exitCode, await pup.EndAsync());
        Assert.Contains(expected, pup.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", pup.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", pup.Error, StringComparison.Ordinal);
        Assert.Equal("", pup.Output.Trim());
    }

    private static Dictionary<string, string> Environment(TestDatabase database) => new() { ["DATABASE_URL"] = database.ConnectionString };

    private static async Task<JsonElement> OnceAsync(TestDatabase database, params string[] arguments)
    {
        await using var pup = PupProcess.Start(Environment(database), ["demo", "--once", .. arguments]);
        var exitCode = await pup.EndAsync();
        Assert.True(exitCode == 0, pup.Error);
        var result = JsonDocument.Parse(Assert.Single(pup.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(result.GetProperty("events").GetInt64(), result.GetProperty("projected").GetInt64());
        return result;
    }

    private static async Task AssertOracleAsync(TestDatabase database, string repository, JsonElement result)
    {
        var expected = GitRepository.PathsAlive(repository);
        var alive = await database.ScalarAsync<string[]>("select array_agg(path) from file_activity where alive");
        Assert.Equal(expected.Order(StringComparer.Ordinal), alive.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Count, result.GetProperty("live_paths").GetInt64());
        var fileEvents = await database.ScalarAsync<long>("select count(*) from events where aggregate_type = 'File'");
        Assert.Equal(fileEvents, result.GetProperty("file_events").GetInt64());
        Assert.Equal(fileEvents, await database.ScalarAsync<long>("select sum(changes)::bigint from directory_activity"));
        Assert.Equal(
            await database.ScalarAsync<long>("select count(*) from events where aggregate_type = 'Author'"),
            await database.ScalarAsync<long>("select sum((document ->> 'commits')::bigint)::bigint from author_activity_documents"));
    }
}
