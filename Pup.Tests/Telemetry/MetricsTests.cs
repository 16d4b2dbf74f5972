using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

public sealed class MetricsTests(PostgresServer server)
{
    private const string Lag = "pupsourcing_projection_lag";
    private const string Processed = "pupsourcing_events_processed_total";
    private const string Errors = "pupsourcing_projection_errors_total";
    private const string Watched = "projection_name=\"watched\"";

    [Fact]
    public async Task The_guides_series_have_its_names_and_labels_and_say_what_the_tables_say()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        await EventLog.AppendAsync(cluster.Database, 1_000, 40);
        var silo = await cluster.StartAsync("TOTAL_PARTITIONS=2");
        await cluster.CaughtUpAsync();
        await MetricsCluster.AppendAsync(silo, "Bad", "bad");
        await Eventually.TrueAsync(async () => await cluster.Database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 1, MetricsCluster.Patience, "a dead letter");
        await cluster.CaughtUpAsync();

        var scrape = await MetricsCluster.UntilAsync(silo, s => s.Sum(Lag) == 0 && s.Sum("pupsourcing_log_position") == 1_001 && s.Of(Lag).Count == 2, "no lag");

        Assert.DoesNotContain("otel_scope", scrape.Text, StringComparison.Ordinal);
        Assert.Equal(("gauge", "projection_name"), (scrape.TypeOf(Lag), scrape.LabelsOf(Lag)));
        Assert.Equal(("counter", "projection_name"), (scrape.TypeOf(Processed), scrape.LabelsOf(Processed)));
        Assert.Equal(("counter", "projection_name"), (scrape.TypeOf(Errors), scrape.LabelsOf(Errors)));
        Assert.Equal(("gauge", ""), (scrape.TypeOf("pupsourcing_log_position"), scrape.LabelsOf("pupsourcing_log_position")));

        Assert.Equal(await cluster.Database.ScalarAsync<long>("select count(*) from ledger"), scrape.Value(Processed, Watched));
        Assert.Equal(await cluster.Database.ScalarAsync<int>("select attempts from projection_dead_letters"), scrape.Value(Errors, Watched));
        Assert.Equal(0, scrape.Value(Errors, "projection_name=\"counter\""));
        Assert.Equal(1_001, scrape.Value(Processed, "projection_name=\"counter\""));
        Assert.Equal(1_000, scrape.Sum("pupsourcing_partition_events_total", Watched));
        Assert.Equal(2, scrape.Of("pupsourcing_partition_events_total", Watched).Count);
        Assert.Equal("partition projection_name silo", scrape.LabelsOf("pupsourcing_partition_events_total"));
        Assert.Equal(1, scrape.Sum("pupsourcing_parked_keys", Watched));
        Assert.Equal(2, scrape.Sum("pupsourcing_partition_starts_total", Watched));
        Assert.Equal(2, scrape.Value("pupsourcing_partitions", Watched, "state=\"running\""));
        Assert.Equal(1_000, scrape.Value("pupsourcing_batch_events_sum", Watched));
        Assert.Equal(scrape.Value("pupsourcing_batch_events_count", Watched), scrape.Value("pupsourcing_batch_duration_seconds_count", Watched));
        Assert.Equal(scrape.Value("pupsourcing_batch_events_count", Watched), scrape.Value("pupsourcing_append_to_visible_seconds_count", Watched));
        Assert.Equal("partition projection_name silo", scrape.LabelsOf("pupsourcing_commit_time_seconds_total"));
        Assert.All(new[] { "handler", "commit", "wait" }, part => Assert.True(scrape.Sum($"pupsourcing_{part}_time_seconds_total", Watched) > 0));
        Assert.Equal(1, scrape.Value("pupsourcing_feed_up"));
        Assert.Equal(0, scrape.Value("pupsourcing_mark_age_seconds"));
        Assert.InRange(scrape.Value("pupsourcing_look_age_seconds"), 0, 5);
        Assert.True(scrape.Value("pupsourcing_page_cache_misses_total") > 0);
        Assert.True(scrape.Value("pupsourcing_page_cache_hits_total") > 0);
    }

    [Fact]
    public async Task Without_the_label_for_the_partition_there_is_one_series_for_each_projection()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        await EventLog.AppendAsync(cluster.Database, 300, 40);
        var silo = await cluster.StartAsync("TOTAL_PARTITIONS=5", "Pup__MetricsPartitionLabel=false");
        await cluster.CaughtUpAsync();
        var scrape = await MetricsCluster.UntilAsync(silo, s => s.Of(Lag).Count == 2 && s.Sum(Lag) == 0, "no lag");

        Assert.DoesNotContain(scrape.Samples, sample => sample.Labels.Any(label => label.StartsWith("partition=", StringComparison.Ordinal)));
        Assert.Equal((300, 300), (scrape.Value(Processed, Watched), scrape.Value("pupsourcing_partition_events_total", Watched)));
        Assert.Equal(5, scrape.Value("pupsourcing_partition_starts_total", Watched));
        Assert.Empty(scrape.Of("pupsourcing_partition_lag"));
    }

    [Fact]
    public async Task One_silo_shows_the_lag_and_when_it_dies_another_does_and_no_event_is_counted_twice()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        var silos = new List<SiloProcess>();
        for (var i = 0; i < 3; i++)
            silos.Add(await cluster.StartAsync("TOTAL_PARTITIONS=6"));
        await Eventually.TrueAsync(
            async () => await cluster.Database.ScalarAsync<long>("select count(distinct silo) from projection_partitions where projection_name = 'watched'") == 3, MetricsCluster.Patience, "all have a share");
        await EventLog.AppendAsync(cluster.Database, 2_000, 60);
        await cluster.CaughtUpAsync();

        var exporter = await OneAsync(silos, 0);
        Assert.Equal(2_000, await ProcessedAsync(silos));
        var lost = (await Scrape.OfAsync(exporter)).Value(Processed, Watched);

        await exporter.KillAsync();
        await exporter.ExitAsync();
        silos.Remove(exporter);
        await EventLog.AppendAsync(cluster.Database, 1_000, 60);
        await OneAsync(silos, 0);
        await cluster.CaughtUpAsync();
        Assert.Equal(3_000, await ProcessedAsync(silos) + lost);
        await Ledger.AssertExactAsync(cluster.Database, "watched");
    }

    [Fact]
    public async Task A_partition_that_nobody_owns_falls_behind_visibly()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        await EventLog.AppendAsync(cluster.Database, 100, 10);
        var host = await cluster.StartAsync("TOTAL_PARTITIONS=2");
        await cluster.CaughtUpAsync();
        var other = await cluster.StartAsync("Pup__Projections=counter", "TOTAL_PARTITIONS=2");
        await host.KillAsync();
        await host.ExitAsync();

        await MetricsCluster.UntilAsync(other, s => s.Of("pupsourcing_partitions", Watched, "state=\"unplaced\"") is [{ Value: 2 }], "unplaced");
        await EventLog.AppendAsync(cluster.Database, 50, 10);
        var first = await MetricsCluster.UntilAsync(other, s => s.Sum(Lag, Watched) == 50, "50 events behind");
        await EventLog.AppendAsync(cluster.Database, 70, 10);
        var second = await MetricsCluster.UntilAsync(other, s => s.Sum(Lag, Watched) == 120, "120 events behind");
        Assert.True(second.Value("pupsourcing_projection_lag_age_seconds", Watched) > first.Value("pupsourcing_projection_lag_age_seconds", Watched));
        Assert.Equal([120, 120], second.Of("pupsourcing_partition_lag", Watched).Select(sample => sample.Value));
        await MetricsCluster.UntilAsync(other, s => s.Sum(Lag, "projection_name=\"counter\"") == 0, "the projection that runs has no lag");

        // Of partitions that are not equally far the one furthest behind counts.
        await cluster.Database.ExecuteAsync("update projection_checkpoints set last_global_position = 180 where projection_name = 'watched_p0'");
        var third = await MetricsCluster.UntilAsync(other, s => s.Sum("pupsourcing_partition_lag", Watched) == 160, "one partition is nearer");
        Assert.Equal(120, third.Value(Lag, Watched));
    }

    [Fact]
    public async Task A_writer_that_stays_open_shows_as_the_age_of_the_mark()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        var silo = await cluster.StartAsync();
        await using (var connection = await cluster.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken))
        {
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await using var insert = connection.CreateCommand();
            insert.CommandText = "insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) values ('Test', 'Thing', 'slow', 1, gen_random_uuid(), 'Happened', '')";
            await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await EventLog.AppendAsync(cluster.Database, 10, 5);

            var first = await MetricsCluster.UntilAsync(silo, s => s.Sum("pupsourcing_mark_age_seconds") > 0.5 && s.Sum(Lag, Watched) > 0, "the mark is held back");
            await MetricsCluster.UntilAsync(silo, s => s.Sum("pupsourcing_mark_age_seconds") > first.Sum("pupsourcing_mark_age_seconds"), "it grows older");
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        await MetricsCluster.UntilAsync(silo, s => s.Sum("pupsourcing_mark_age_seconds") == 0 && s.Sum(Lag) == 0, "all is well again");
    }

    [Fact]
    public async Task Deadlocks_and_lost_fences_have_series_of_their_own_and_a_deadlock_is_an_error_as_well()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        await cluster.Database.ExecuteAsync("create sequence deadlocks");
        var silo = await cluster.StartAsync();
        await MetricsCluster.AppendAsync(silo, "Deadlock", "a");
        await cluster.CaughtUpAsync();
        var scrape = await MetricsCluster.UntilAsync(silo, s => s.Sum(Processed, Watched) == 1, "it is processed in the end");
        Assert.Equal((2, 2), (scrape.Sum("pupsourcing_deadlocks_total", Watched), scrape.Value(Errors, Watched)));
        Assert.Equal((0, 0), (scrape.Sum("pupsourcing_deadlocks_total", "projection_name=\"counter\""), scrape.Sum("pupsourcing_fence_losses_total")));

        await cluster.Database.ExecuteAsync("update projection_checkpoints set epoch = nextval('projection_epochs') where projection_name = 'watched'");
        await EventLog.AppendAsync(cluster.Database, 10, 5);
        await MetricsCluster.UntilAsync(silo, s => s.Sum("pupsourcing_fence_losses_total", Watched) == 1, "a batch was refused");
    }

    private static async Task<SiloProcess> OneAsync(List<SiloProcess> silos, double lag)
    {
        var exporters = new List<SiloProcess>();
        await Eventually.TrueAsync(
            async () =>
            {
                var scrapes = await Task.WhenAll(silos.Select(Scrape.OfAsync));
                exporters = [.. silos.Where((_, i) => scrapes[i].Of(Lag, Watched).Count > 0)];
                return exporters is [var one] && scrapes[silos.IndexOf(one)].Value(Lag, Watched) == lag;
            },
            MetricsCluster.Patience,
            $"exactly one silo shows the lag, and it is {lag}");
        return exporters[0];
    }

    private static async Task<double> ProcessedAsync(List<SiloProcess> silos) => (await Task.WhenAll(silos.Select(Scrape.OfAsync))).Sum(scrape => scrape.Sum(Processed, Watched));
}
