using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>Repartition as a deployment and an operator do it, in a cluster of processes and under traffic.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class RepartitionClusterTests(PostgresServer server)
{
    private const string Journal = """
        create table counts (ord bigint generated always as identity, projection text not null, change text not null);
        create function note_count() returns trigger language plpgsql as $$
        begin
            insert into counts (projection, change) values (new.name, old.partitions || '-' || new.partitions);
            return null;
        end $$;
        create trigger note_count after update of partitions on projections for each row when (old.partitions <> new.partitions) execute function note_count();
        """;

    private const string Changes = "select coalesce(string_agg(change, ' ' order by ord), '') from counts where projection = $1";

    // Silos that come soon take their share, which the test waits for three times.
    private const string Soon = "Pup__SettleTime=500ms";

    private static readonly TimeSpan _startUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_changed_configuration_acts_once_and_only_when_all_silos_agree_and_what_is_ordered_stands_until_it_changes_again()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        await cluster.Database.ExecuteAsync(Journal);
        var old = await cluster.StartAsync(2, "--total-partitions=4", Soon);
        await cluster.AllAdvanceAsync(_startUp, old);

        // Two by two, the last of the old ones killed. As long as one of them lives, nothing happens, also after partitions have moved.
        var first = (await cluster.StartAsync(1, "web", "TOTAL_PARTITIONS=6", Soon))[0];
        await TakesPartAsync(cluster, first);
        await old[0].TerminateAsync();
        var second = (await cluster.StartAsync(1, "--total-partitions=6", Soon))[0];
        Assert.Equal(0, await old[0].ExitAsync());
        await TakesPartAsync(cluster, second);
        await cluster.AllAdvanceAsync(_patience, old[1], first, second);
        Assert.Equal("", await ChangesAsync(cluster, "ledger") + await ChangesAsync(cluster, "counter"));

        await old[1].KillAsync();
        await Eventually.TrueAsync(
            async () => (await ChangesAsync(cluster, "ledger"), await ChangesAsync(cluster, "counter")) == ("4-6", "4-6"), _patience, "the silos that are left follow their configuration");
        await cluster.AllAdvanceAsync(_patience, first, second);

        // An order, a silo killed while it is carried out, and another order before anybody has noticed.
        await OrderAsync(first, 3);
        await second.KillAsync();
        await OrderAsync(first, 7);
        await cluster.AllAdvanceAsync(_patience, first);

        var third = (await cluster.StartAsync(1, "--total-partitions=6", Soon))[0];
        await TakesPartAsync(cluster, third);
        await cluster.AssertExactAsync(first, third);
        Assert.Equal("4-6 6-3 3-7", await ChangesAsync(cluster, "ledger"));
        Assert.Equal("4-6", await ChangesAsync(cluster, "counter"));
    }

    private static Task<string> ChangesAsync(ClusterScenario cluster, string projection) => cluster.Database.ScalarAsync<string>(Changes, projection);

    private static Task TakesPartAsync(ClusterScenario cluster, SiloProcess silo) => Eventually.TrueAsync(
        async () => await cluster.SpreadAsync("ledger", silo) != "0" && await cluster.SpreadAsync("counter", silo) != "0", _patience, "the silo that joined has partitions");

    // While a silo that died is still believed to live, calls that need it fail; an order may be repeated.
    private static Task OrderAsync(SiloProcess silo, int partitions) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                await silo.PostAsync($"/repartition/ledger/{partitions}");
                return true;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                TestContext.Current.SendDiagnosticMessage(e.Message);
                return false;
            }
        },
        TimeSpan.FromSeconds(30),
        $"the order of {partitions} partitions is carried out");
}
