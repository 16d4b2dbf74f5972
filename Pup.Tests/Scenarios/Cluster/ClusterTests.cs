using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ClusterTests(PostgresServer server)
{
    // 3 missed probes of 500 ms; of 1 s for a silo that hangs rather than refuses.
    private static readonly TimeSpan _detection = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan _frozenDetection = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _startUp = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Silos_share_the_partitions_and_inherit_those_of_one_that_is_killed_or_told_to_stop()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        var silos = await cluster.StartAsync(3, "--total-partitions=8");
        await cluster.AllAdvanceAsync(_startUp, silos);
        await AssertSpreadAsync(cluster, silos, "2 3 3");

        await silos[0].KillAsync();
        await cluster.AllAdvanceAsync(_detection + TimeSpan.FromSeconds(3), silos[1..]);
        await AssertSpreadAsync(cluster, silos[1..], "4 4");

        var joined = await cluster.StartAsync(1, "--total-partitions=8");
        SiloProcess[] all = [.. silos[1..], .. joined];
        await AssertSpreadAsync(cluster, all, "2 3 3");
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(5), all);

        await silos[1].TerminateAsync();
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(2), silos[2], joined[0]);
        Assert.Equal(0, await silos[1].ExitAsync());
        Assert.Contains("stopped gracefully", silos[1].Log(), StringComparison.Ordinal);
        // Of its own accord, and all of them: nobody had to find out that it was gone.
        Assert.Contains("partitions over to other silos", silos[1].Log(), StringComparison.Ordinal);
        await cluster.AssertExactAsync(silos[2], joined[0]);
    }

    [Fact]
    public async Task A_frozen_silo_is_replaced_and_changes_nothing_when_it_wakes_up()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        var silos = await cluster.StartAsync(3, "--total-partitions=8");
        await cluster.AllAdvanceAsync(_startUp, silos);
        await AssertSpreadAsync(cluster, silos, "2 3 3");

        await silos[0].FreezeAsync();
        await cluster.AllAdvanceAsync(_frozenDetection + TimeSpan.FromSeconds(5), silos[1..]);
        await silos[0].ThawAsync();
        // It learns that it was evicted, and ends: restarting it is for the orchestrator.
        Assert.NotEqual(0, await silos[0].ExitAsync());

        await cluster.AssertExactAsync(silos[1..]);
    }

    [Fact]
    public async Task A_partition_runs_only_where_its_projection_is_hosted_and_is_reported_when_that_is_nowhere()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        var ledger = (await cluster.StartAsync(1, "run-projection", "--name", "ledger", "--workers", "4"))[0];
        var both = (await cluster.StartAsync(1, "--total-partitions=4"))[0];
        await cluster.AllAdvanceAsync(_startUp, ledger, both);
        await Eventually.TrueAsync(async () => await cluster.SpreadAsync("ledger", ledger, both) == "2 2", TimeSpan.FromSeconds(10), "the ledger is shared");
        Assert.Equal("0 4", await cluster.SpreadAsync("counter", ledger, both));

        await both.TerminateAsync();
        Assert.Equal(0, await both.ExitAsync());
        await ledger.SaysAsync("Unplaced: no silo of this cluster hosts counter");
        Assert.Equal("4", await cluster.SpreadAsync("ledger", ledger));
        Assert.Equal("0", await cluster.SpreadAsync("counter", ledger));

        var returned = (await cluster.StartAsync(1, "--name=counter", "--workers=4"))[0];
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(10), ledger, returned);
        Assert.Equal("0 4", await cluster.SpreadAsync("counter", ledger, returned));
        await cluster.AssertExactAsync(ledger, returned);
    }

    [Fact]
    public async Task A_password_in_a_file_serves_membership_and_reminders_as_well()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var address = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $"127.0.0.1:{address.Port}:*:{address.Username}:{address.Password}\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (address.Password, address.Passfile) = (null, file);
        try
        {
            await using var silo = SiloProcess.Start(address.ConnectionString);
            await silo.SaysAsync("started");
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<long>("select count(*) from orleans.orleansreminderstable") == 2, _startUp, "both partitions have a reminder");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task AssertSpreadAsync(ClusterScenario cluster, SiloProcess[] silos, string expected) => Eventually.TrueAsync(
        async () => Ordered(await cluster.SpreadAsync("ledger", silos)) == expected && Ordered(await cluster.SpreadAsync("counter", silos)) == expected,
        TimeSpan.FromSeconds(15),
        $"both projections are spread {expected}");

    private static string Ordered(string spread) => string.Join(' ', spread.Split(' ').Order(StringComparer.Ordinal));
}
