using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Commands;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class TerminalTests(PostgresServer server)
{
    private const string Interrupt = "\u0003";

    [Fact]
    public async Task Before_a_rebuild_it_asks_and_no_and_nothing_and_an_interrupt_change_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var silo = await StartAsync(database);
        await database.ExecuteAsync("delete from ledger where global_position < 50");

        foreach (var (keys, exitCode) in new[] { ("n\r", 1), ("\r", 1), (Interrupt, 130) })
        {
            await using var asked = Terminal.Start(database, "rebuild ledger");
            await asked.SaysAsync("Go on?");
            await asked.TypeAsync(keys);
            var ended = await asked.EndAsync();
            Assert.True(exitCode == ended, $"{ended} instead of {exitCode}: {asked.Screen}");
            Assert.True(asked.ShowsCursor, asked.Screen);
        }

        Assert.Equal(51L, await database.ScalarAsync<long>("select count(*) from ledger"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_audit"));

        await using var done = Terminal.Start(database, "rebuild ledger");
        await done.SaysAsync("Go on?");
        await done.TypeAsync("y\r");
        Assert.True(await done.EndAsync() == 0, done.Screen);
        Assert.Contains("100%", done.Screen, StringComparison.Ordinal);
        Assert.True(done.ShowsCursor, done.Screen);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_watch_is_redrawn_until_an_interrupt_which_leaves_the_terminal_in_order()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var silo = await StartAsync(database);

        await using var watch = Terminal.Start(database, "lag --watch");
        await watch.SaysAsync("ledger");
        await EventLog.AppendAsync(database, 23, 10);
        await watch.SaysAsync("123");
        await watch.TypeAsync(Interrupt);

        Assert.True(await watch.EndAsync() is 0 or 130, watch.Screen);
        Assert.True(watch.ShowsCursor, watch.Screen);
    }

    private static async Task<SiloProcess> StartAsync(TestDatabase database)
    {
        var silo = SiloProcess.Start(database.ConnectionString, "Pup__Gateway=true", "--total-partitions=2");
        await silo.SaysAsync("started");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select count(*) = 4 and min(last_global_position) = (select max(global_position) from events) from projection_checkpoints"),
            TimeSpan.FromSeconds(30),
            "all checkpoints are at the end");
        return silo;
    }
}
