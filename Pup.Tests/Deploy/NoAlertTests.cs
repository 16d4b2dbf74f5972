using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

public sealed class NoAlertTests(PostgresServer server)
{
    private static readonly TimeSpan _busy = TimeSpan.FromSeconds(12);

    [Fact]
    public async Task Silos_that_are_busy_and_well_raise_no_alert_also_for_a_projection_whose_events_never_come()
    {
        await using var cluster = await AlertedCluster.StartAsync(server, "RARE=true", "Pup__SkipInterval=1s", "TOTAL_PARTITIONS=2");
        await using var shipped = await PrometheusServer.StartAsync(AlertedCluster.Shipped, [.. cluster.Targets]);

        // A turn is over when its events are applied, so the silo is as busy as it can be and no further behind than that.
        for (var started = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(started) < _busy;)
        {
            await EventLog.AppendAsync(cluster.Database, 5, 5);
            await cluster.AppliedAsync();
        }

        await Ledger.AssertExactAsync(cluster.Database, "watched");
        Assert.NotEmpty(await shipped.QueryAsync("sum(pupsourcing_events_processed_total) > 20"));
        Assert.Empty(await NamesAsync(shipped, "ALERTS"));
        Assert.Empty(await NamesAsync(cluster.Prometheus, """max_over_time(ALERTS{alertstate="firing"}[10s])"""));
    }

    private static async Task<string[]> NamesAsync(PrometheusServer prometheus, string expression) =>
        [.. (await prometheus.QueryAsync(expression)).Select(static alert => $"{alert.Labels["alertname"]} {alert.Labels.GetValueOrDefault("projection_name")}")];
}
