using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Commands;

/// <summary>Every command on projections against a silo in a process of its own.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ClusterCommandTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Projections_are_seen_and_changed_and_rebuilt()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 20);
        await using var silo = await StartAsync(database);

        Assert.Matches("ledger +caught up +2 +0 ", (await PupRun.OnAsync(database, "list")).Fits().Output);
        var list = (await PupRun.OnAsync(database, "list", "--json")).Good().Json;
        Assert.Equal(["counter", "ledger"], list.EnumerateArray().Select(report => report.GetProperty("projection").GetString()));
        Assert.Contains("counter", (await PupRun.OnAsync(database, "lag")).Fits().Output, StringComparison.Ordinal);
        Assert.Equal(0, (await PupRun.OnAsync(database, "lag", "--json")).Good().Json[0].GetProperty("lag").GetInt64());
        Assert.Contains("ledger: caught up, 0 behind position 200", (await PupRun.OnAsync(database, "status", "ledger")).Fits().Output, StringComparison.Ordinal);

        Assert.Equal("ledger is paused.", (await PupRun.OnAsync(database, "pause", "ledger", "--patience", "2m")).Fits().Output.Trim());
        Assert.Equal("paused", (await PupRun.OnAsync(database, "status", "ledger", "--json")).Good().Json.GetProperty("condition").GetString());
        await EventLog.AppendAsync(database, 20, 20);
        var refused = await PupRun.OnAsync(database, "catch-up", "ledger");
        Assert.Equal((4, ""), (refused.ExitCode, refused.Output.Trim()));
        Assert.Contains("paused", refused.Error, StringComparison.Ordinal);
        Assert.Equal("resume", (await PupRun.OnAsync(database, "resume", "ledger", "--json", "--patience", "2m")).Good().Json.GetProperty("action").GetString());
        Assert.Equal("ledger has caught up.", (await PupRun.OnAsync(database, "catch-up", "ledger")).Fits().Output.Trim());
        var epoch = await database.ScalarAsync<long>("select max(epoch) from projection_checkpoints where projection_name like 'ledger%'");
        (await PupRun.OnAsync(database, "restart", "ledger", "--patience", "2m")).Fits();
        Assert.True(await database.ScalarAsync<long>("select max(epoch) from projection_checkpoints where projection_name like 'ledger%'") > epoch);
        Assert.Equal("counter has 3 partitions.", (await PupRun.OnAsync(database, "repartition", "counter", "3", "--patience", "2m")).Fits().Output.Trim());
        Assert.Equal(3, (await PupRun.OnAsync(database, "status", "counter", "--json")).Good().Json.GetProperty("partitions").GetArrayLength());

        await database.ExecuteAsync("delete from ledger where global_position < 50");
        var rebuilt = (await PupRun.OnAsync(database, "rebuild", "ledger", "--yes", "--json", "--patience", "2m")).Good();
        Assert.True(rebuilt.Json.GetProperty("isDone").GetBoolean());
        Assert.Contains("Rebuilding ledger", rebuilt.Error, StringComparison.Ordinal);
        (await PupRun.OnAsync(database, "catch-up", "ledger")).Good();
        await Ledger.AssertExactAsync(database);
        Assert.Contains(
            await database.ScalarAsync<string[]>("select array_agg(action) from projection_audit where projection_name = 'ledger'"), action => action == "rebuild");

        (await PupRun.OnAsync(database, "rebuild", "counter", "--yes", "--patience", "2m")).Fails(4, "counter");
        (await PupRun.OnAsync(database, "cancel-rebuild", "ledger", "--yes", "--patience", "2m")).Ends(4, "ledger");
        (await PupRun.OnAsync(database, "rebuild", "ledger")).Ends(2, "--yes");
        (await PupRun.OnAsync(database, "pause", "nobody")).Fails(3, "no projection 'nobody'");
    }

    [Fact]
    public async Task Dead_letters_are_listed_shown_retried_and_discarded()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 4);
        await using var silo = await StartAsync(database);
        // As a policy that skips leaves them: the events are not in the read model.
        await database.ExecuteAsync("""
            delete from ledger where global_position in (3, 5);
            insert into projection_dead_letters (projection_name, ordering_key, global_position, key_hash, event_id, event_type, status, attempts, error)
            select 'ledger', aggregate_id, global_position, 0, event_id, event_type, 'skipped', 3, E'System.Exception: no such customer\n   at Somewhere' from events where global_position in (3, 5)
            """);
        // Each belongs to the partition of its key.
        foreach (var key in await database.ScalarAsync<string[]>("select array_agg(ordering_key) from projection_dead_letters"))
            await database.ExecuteAsync("update projection_dead_letters set key_hash = $1 where ordering_key = $2", (long)Grains.Partitions.Partitioner.Hash(key), key);

        var list = (await PupRun.OnAsync(database, "dead-letters", "list", "ledger")).Fits().Output;
        Assert.Contains("no such", list, StringComparison.Ordinal);
        Assert.DoesNotContain("Somewhere", list, StringComparison.Ordinal);
        var letters = (await PupRun.OnAsync(database, "dead-letters", "list", "ledger", "--json", "--limit", "1")).Good().Json;
        var id = Assert.Single(letters.EnumerateArray()).GetProperty("id").GetRawText();
        Assert.Equal(0, (await PupRun.OnAsync(database, "dead-letters", "list", "ledger", "--json", "--error", "other")).Good().Json.GetArrayLength());
        var shown = (await PupRun.OnAsync(database, "dead-letters", "show", "ledger", id)).Fits().Output;
        Assert.Contains("at Somewhere", shown, StringComparison.Ordinal);
        Assert.Contains("{\"n\":2}", shown, StringComparison.Ordinal);
        Assert.Equal(3, (await PupRun.OnAsync(database, "dead-letters", "show", "ledger", id, "--json")).Good().Json.GetProperty("event").GetProperty("globalPosition").GetInt64());
        (await PupRun.OnAsync(database, "dead-letters", "show", "ledger", "4711")).Ends(3, "no dead letter 4711");

        (await PupRun.OnAsync(database, "dead-letters", "retry", "ledger", "4711", "--patience", "2m")).Ends(3, "no dead letter 4711");
        (await PupRun.OnAsync(database, "dead-letters", "retry", "ledger")).Ends(2, "--ordering-key, --error, or --all");
        (await PupRun.OnAsync(database, "dead-letters", "retry", "ledger", "--all", "--error", "x")).Ends(2, "--all");
        (await PupRun.OnAsync(database, "dead-letters", "discard", "ledger", "--all")).Ends(2, "--yes");
        Assert.Equal(2, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where requested is null"));

        Assert.Equal(1, (await PupRun.OnAsync(database, "dead-letters", "retry", "ledger", id, "--json", "--patience", "2m")).Good().Json.GetProperty("count").GetInt64());
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 1, _patience, "it was retried");
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from ledger where global_position = 3"));
        (await PupRun.OnAsync(database, "dead-letters", "discard", "ledger", "--all", "--yes", "--patience", "2m")).Fits();
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, _patience, "it was discarded");
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from ledger where global_position = 5"));
    }

    [Fact]
    public async Task The_statements_of_a_recovery_recover()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var silo = await StartAsync(database);
        var script = (await PupRun.OnAsync(database, "sql", "recover", "ledger")).Good().Output;
        Assert.Contains("('ledger_p0', 'ledger_p1')", script, StringComparison.Ordinal);
        Assert.Equal(2, (await PupRun.OnAsync(database, "sql", "recover", "ledger", "--json")).Good().Json.GetProperty("statements").GetArrayLength());

        (await PupRun.OnAsync(database, "pause", "ledger", "--patience", "2m")).Good();
        await database.ExecuteAsync("delete from ledger where global_position < 40");
        await database.ExecuteAsync(script);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from projection_checkpoints where projection_name like 'ledger%'"));
        (await PupRun.OnAsync(database, "resume", "ledger", "--patience", "2m")).Good();
        await CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    private static async Task<SiloProcess> StartAsync(TestDatabase database)
    {
        var silo = SiloProcess.Start(database.ConnectionString, "Pup__Gateway=true", "--total-partitions=2");
        await silo.SaysAsync("started");
        await CaughtUpAsync(database);
        return silo;
    }

    private static Task CaughtUpAsync(TestDatabase database) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<bool>("select count(*) = 4 and min(last_global_position) = (select max(global_position) from events) from projection_checkpoints"),
        _patience,
        "all checkpoints are at the end");
}
