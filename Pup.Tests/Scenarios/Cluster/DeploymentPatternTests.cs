using System.Globalization;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>The three ways in which the guide deploys projections, each started for real.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DeploymentPatternTests(PostgresServer server)
{
    private const string Owners = "select count(distinct silo) from projection_partitions where projection_name = 'ledger'";

    // Silos that come soon take their share: each test waits for it, some several times.
    private const string Soon = "Pup__SettleTime=500ms";

    private static readonly TimeSpan _startUp = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Identical_hosts_are_told_the_database_and_what_the_guides_workers_were_told_and_share_the_partitions()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        // Port 0 is what nobody configures: each takes one that is free.
        var hosts = await Task.WhenAll(Enumerable.Range(0, 3).Select(async key =>
            (await cluster.StartAsync(1, string.Create(CultureInfo.InvariantCulture, $"PARTITION_KEY={key}"), "TOTAL_PARTITIONS=3", "run-projections", "--silo-port=0", Soon))[0]));
        await cluster.AllAdvanceAsync(_startUp);
        await Eventually.TrueAsync(async () => await cluster.Database.ScalarAsync<long>(Owners) == 3, TimeSpan.FromSeconds(15), "each host has a partition");
        Assert.All(hosts, host => Assert.Contains("PARTITION_KEY is ignored", host.Log(), StringComparison.Ordinal));

        await hosts[0].TerminateAsync();
        Assert.Equal(0, await hosts[0].ExitAsync());
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(2, await cluster.Database.ScalarAsync<long>(Owners));
        await cluster.AssertExactAsync();
    }

    [Fact]
    public async Task A_projection_that_a_rolling_deployment_brings_runs_only_where_it_has_arrived()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        var old = await cluster.StartAsync(2, "PROJECTION_NAME=ledger", "WORKERS=4", "run-projection", Soon);
        await cluster.AllAdvanceAsync(_startUp, old);

        var first = (await cluster.StartAsync(1, "--total-partitions=4", Soon))[0];
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(10), [.. old, first]);
        Assert.Equal("0 0 4", await cluster.SpreadAsync("counter", [.. old, first]));

        await old[0].TerminateAsync();
        var second = (await cluster.StartAsync(1, "--total-partitions=4", Soon))[0];
        Assert.Equal(0, await old[0].ExitAsync());
        await Eventually.TrueAsync(
            async () => await cluster.SpreadAsync("counter", old[1], first, second) == "0 2 2", TimeSpan.FromSeconds(15), "the new projection is shared by the new silos");
        await old[1].TerminateAsync();
        Assert.Equal(0, await old[1].ExitAsync());
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(5), first, second);
        await cluster.AssertExactAsync(first, second);
    }

    [Fact]
    public async Task One_binary_serves_the_web_the_silo_or_both_and_its_processes_inherit_from_each_other()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        var both = (await cluster.StartAsync(1, "web", "TOTAL_PARTITIONS=4", Soon))[0];
        Assert.Equal("Healthy", await both.GetAsync("/health/ready"));
        await both.PostAsync("/append/w");
        await cluster.AllAdvanceAsync(_startUp, both);

        var silo = (await cluster.StartAsync(1, "web", "projections", "--total-partitions=4", Soon))[0];
        var web = (await cluster.StartAsync(1, "web", "--Silo=false"))[0];
        await Eventually.TrueAsync(async () => await cluster.SpreadAsync("ledger", both, silo) == "2 2", TimeSpan.FromSeconds(15), "both processes have partitions");
        // Two clusters would take partitions from each other, and be even at times.
        Assert.Equal(1, await cluster.Database.ScalarAsync<long>("select count(distinct deploymentid) from orleans.orleansmembershiptable"));
        await both.KillAsync();
        await web.PostAsync("/append/w");

        // Detection, as in ClusterTests.
        await cluster.AllAdvanceAsync(TimeSpan.FromSeconds(4.5), silo);
        Assert.Equal(2, await cluster.Database.ScalarAsync<long>("select count(*) from ledger where aggregate_id = 'w'"));
        await cluster.AssertExactAsync(silo);
    }
}
