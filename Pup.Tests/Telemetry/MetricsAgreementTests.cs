using Pup.Tests.Operations;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>Metrics, SQL and the client say the same, under load and across a silo's death.</summary>
public sealed class MetricsAgreementTests(PostgresServer server)
{
    internal const string Lag = "pupsourcing_projection_lag";
    internal const string Processed = "pupsourcing_events_processed_total";
    internal const string Watched = "projection_name=\"watched\"";

    private const int Partitions = 6;
    private const long Bad = 5;

    // By the guide; of a projection with partitions, the one furthest behind.
    private const string LagSql = """
        select max(lag) from (
            select (select max(global_position) from events) - last_global_position as lag from projection_checkpoints where projection_name like 'watched%') as lags
        """;

    // Until a silo is found dead, its partitions have run elsewhere, and that has been read; the machine may be busy.
    private static readonly TimeSpan _failOver = TimeSpan.FromSeconds(15);

    // A scrape may be 300 ms old when it is given, and a commit counts once its answer has arrived.
    private static readonly TimeSpan _counted = TimeSpan.FromSeconds(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lag_and_events_processed_are_what_SQL_and_the_client_say_and_of_a_dead_silo_only_what_was_not_scraped_is_missing()
    {
        await using var cluster = await MetricsCluster.CreateAsync(server);
        var database = cluster.Database;
        // Each silo's sessions say whose they are.
        await database.ExecuteAsync("""
            create table ledger (global_position bigint not null, projection text not null, aggregate_id text not null,
                aggregate_version bigint not null, ord bigint generated always as identity, writer text not null default current_setting('pup.silo'))
            """);
        var silos = new Dictionary<string, SiloProcess>();
        foreach (var name in new[] { "a", "b", "c" })
            silos[name] = await cluster.StartAtAsync($"{database.ConnectionString};Options=-c pup.silo={name}", $"TOTAL_PARTITIONS={Partitions}");
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select count(*) = 3 and min(n) = 2 from (select count(*) as n from projection_partitions where projection_name = 'watched' and silo is not null group by silo) as shares"),
            MetricsCluster.Patience, "each has two of the six partitions");
        await ExportersAsync(silos.Values, 1);

        // Nobody dies: equal, silo by silo, though some events fail and batches are tried again.
        await using var watch = ScrapeWatch.Start(database, silos);
        await using (SteadyWriter.Start(database))
        {
            for (var bad = 0; bad < Bad; bad++)
                await EventLog.AppendOneAsync(database, $"bad{bad}", type: "Bad");
            await RoundsAsync(watch, 12);
        }

        await AssertQuietAsync(cluster, silos, dead: null);
        Assert.Equal(Bad, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        await AssertLagWhileHeldAsync(database, silos.Values);
        await AssertQuietAsync(cluster, silos, dead: null);
        var calm = watch.Rounds;
        Assert.All(calm, round => Assert.Single(round.Lags));

        // The one that shows the lag is killed in the middle.
        var (victim, killedAt) = ("", TimeSpan.Zero);
        await using (SteadyWriter.Start(database))
        {
            await RoundsAsync(watch, 8);
            foreach (var (name, silo) in silos)
                victim = (await Scrape.OfAsync(silo)).Of(Lag, Watched).Count > 0 ? name : victim;
            killedAt = watch.Rounds[^1].Began;
            await silos[victim].KillAsync();
            await silos[victim].ExitAsync();
            await ExportersAsync(silos.Values.Where(silo => !silo.HasExited), 1);
            await RoundsAsync(watch, 8);
        }

        await AssertQuietAsync(cluster, silos, victim);
        var rounds = await watch.StopAsync();
        Assert.All(rounds, round => Assert.All(round.Lags, lag => Assert.True(lag >= 0)));
        Assert.All(rounds, round => Assert.All(round.Processed, one => Assert.True(one.Value <= round.Rows[one.Key], $"{one.Key} has counted {one.Value} of {round.Rows[one.Key]} rows")));
        // One silo shows the lag, but for the seconds of the fail-over.
        Assert.Single(rounds[^1].Lags);
        Assert.All(rounds.Where(round => round.Began > killedAt + _failOver), round => Assert.Single(round.Lags));
        Assert.All(rounds.Where(round => round.Began < killedAt), round => Assert.Single(round.Lags));

        // Missing is what the dead silo did after its last scrape, and nothing that was there well before it.
        var last = rounds[^1];
        var scraped = rounds.Last(round => round.Began <= killedAt);
        var before = rounds.Last(round => round.Began <= scraped.Began - _counted);
        Assert.InRange(last.Processed[victim], before.Rows[victim], last.Rows[victim]);
        Assert.True(before.Rows[victim] > 0);
        Assert.Equal((Bad, 0L, 0L, 0L), await Ledger.CountAsync(database, "watched"));
    }

    // What each living silo has counted are the rows that it wrote; no lag is left.
    private static async Task AssertQuietAsync(MetricsCluster cluster, Dictionary<string, SiloProcess> silos, string? dead)
    {
        await cluster.CaughtUpAsync();
        foreach (var (name, silo) in silos.Where(one => one.Key != dead))
        {
            var rows = await cluster.Database.ScalarAsync<long>("select count(*) from ledger where writer = $1", name);
            var end = await cluster.Database.ScalarAsync<long>("select max(global_position) from events");
            await MetricsCluster.UntilAsync(silo, scrape => scrape.Sum(Processed, Watched) == rows && scrape.Value("pupsourcing_log_position") == end, $"{name} has counted its {rows} rows, and the log ends at {end}");
        }

        await AgreeOnLagAsync(cluster.Database, silos.Values.Where(silo => !silo.HasExited), 0);
    }

    // The read model is locked while events come: no partition can move.
    private static async Task AssertLagWhileHeldAsync(TestDatabase database, IEnumerable<SiloProcess> silos)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var held = new Npgsql.NpgsqlCommand("lock table ledger in exclusive mode", connection, transaction);
        await held.ExecuteNonQueryAsync(Token);
        await EventLog.AppendAsync(database, 120, 60);
        await AgreeOnLagAsync(database, silos, 120);
        await transaction.RollbackAsync(Token);
    }

    private static async Task AgreeOnLagAsync(TestDatabase database, IEnumerable<SiloProcess> silos, long lag)
    {
        Assert.Equal(lag, await database.ScalarAsync<long>(LagSql));
        await using var client = TestClient.WithoutCluster(database);
        Assert.Equal(lag, (await client.Projections.GetAsync("watched", Token)).Lag);
        await Eventually.TrueAsync(async () => await LagsAsync(silos) is [var shown] && shown == lag, MetricsCluster.Patience, $"one silo shows the lag of {lag}");
    }

    private static Task ExportersAsync(IEnumerable<SiloProcess> silos, int count) =>
        Eventually.TrueAsync(async () => (await LagsAsync(silos)).Count == count, MetricsCluster.Patience, $"{count} of the silos shows the lag");

    private static async Task<IReadOnlyList<double>> LagsAsync(IEnumerable<SiloProcess> silos) =>
        [.. (await Task.WhenAll(silos.Select(Scrape.OfAsync))).SelectMany(scrape => scrape.Of(Lag, Watched)).Select(sample => sample.Value)];

    private static Task RoundsAsync(ScrapeWatch watch, int count)
    {
        var until = watch.Rounds.Count + count;
        return Eventually.TrueAsync(() => watch.Rounds.Count >= until, MetricsCluster.Patience, $"{count} more scrapes");
    }
}
