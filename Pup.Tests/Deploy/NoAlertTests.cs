using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

public sealed class NoAlertTests(PostgresServer server)
{
    private static readonly TimeSpan _busy = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan _well = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Silos_that_are_busy_and_well_raise_no_alert_also_for_a_projection_whose_events_never_come()
    {
        await using var cluster = await AlertedCluster.StartAsync(server, "RARE=true", "Pup__SkipInterval=1s", "TOTAL_PARTITIONS=2");
        await using var shipped = await PrometheusServer.StartAsync(AlertedCluster.Shipped, [.. cluster.Targets]);

        await BusyAndWellAsync(cluster);

        await Ledger.AssertExactAsync(cluster.Database, "watched");
        Assert.NotEmpty(await shipped.QueryAsync("sum(pupsourcing_events_processed_total) > 20"));
        Assert.Empty(await NamesAsync(shipped, "ALERTS"));
        Assert.Empty(await NamesAsync(cluster.Prometheus, """max_over_time(ALERTS{alertstate="firing"}[10s])"""));
    }

    // A turn is over when its events are applied, so the silo is as busy as it can be and no further behind than that. Where others take the
    // processors away for longer than a turn may take, alerts are right to be raised: then it begins anew.
    private static async Task BusyAndWellAsync(AlertedCluster cluster)
    {
        var begun = TimeProvider.System.GetTimestamp();
        for (var started = begun; TimeProvider.System.GetElapsedTime(started) < _busy;)
        {
            var turn = TimeProvider.System.GetTimestamp();
            await EventLog.AppendAsync(cluster.Database, 5, 5);
            await cluster.AppliedAsync();
            if (TimeProvider.System.GetElapsedTime(turn) > _well)
                started = TimeProvider.System.GetTimestamp();
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < _patience, $"The silo was never well for {_busy.TotalSeconds} s.");
        }
    }

    private static async Task<string[]> NamesAsync(PrometheusServer prometheus, string expression) =>
        [.. (await prometheus.QueryAsync(expression)).Select(static alert => $"{alert.Labels["alertname"]} {alert.Labels.GetValueOrDefault("projection_name")}")];
}
