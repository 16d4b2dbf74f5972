using System.Text.RegularExpressions;
using Npgsql;
using Pup.Client.Http;
using Pup.Tests.Deploy;
using Pup.Tests.Docs;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>The queries of dashboard, page and autoscaler, asked of a real Prometheus that scrapes a real silo.</summary>
public sealed partial class DashboardQueriesTests(PostgresServer server)
{
    private const string Rebuild = "Rebuild progress";

    // What an exporter for PostgreSQL would show; its number is no matter here.
    private const string Exporter = """

          - name: exporter
            rules:
              - record: pg_stat_user_tables_n_tup_ins
                labels: { table: events }
                expr: max(pupsourcing_log_position)
        """;

    // As they stand in pupsourcing's guide.
    private static readonly string[] _guide =
    [
        "pupsourcing_projection_lag",
        "rate(pupsourcing_events_processed_total[1m])",
        "rate(pupsourcing_projection_errors_total[5m])",
        "(pupsourcing_projection_lag / on() group_left() max(pg_stat_user_tables_n_tup_ins{table=\"events\"})) * 100",
    ];

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_query_of_dashboard_page_guide_and_autoscaler_finds_samples_of_a_silo_that_works()
    {
        Assert.SkipWhen(PrometheusServer.IsMissing, PrometheusServer.Missing);
        await using var database = await TestDatabase.CreateAsync(server);
        // It refuses one aggregate. While the gate is shut it takes nothing from position 300 on.
        await database.ExecuteAsync("""
            create table ledger (global_position bigint not null, projection text not null, aggregate_id text not null,
                aggregate_version bigint not null, ord bigint generated always as identity, check (aggregate_id <> 'refused'));
            create function gate() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(4712); return new; end';
            create trigger gate before insert on ledger for each row when (new.global_position >= 300) execute function gate();
            """);
        await EventLog.AppendOneAsync(database, "refused");
        await EventLog.AppendAsync(database, 600, 20);
        await using var silo = SiloProcess.Start(database.ConnectionString, "run", "--http=127.0.0.1:0", "--total-partitions=4", "--metrics-interval=200ms", "--batch-size=20");
        await silo.SaysAsync("listening on");
        var address = new Uri(Address().Match(silo.Log()).Value);
        await using var prometheus = await PrometheusServer.StartAsync(RulesThatDoNotWait().TrimEnd() + Exporter, address);

        var dashboard = Dashboard.Read();
        List<(string Who, string Expression)> unanswered =
        [
            .. dashboard.Queries,
            .. dashboard.Annotations.Select(expression => ("annotation", expression)),
            .. _guide.Select(expression => ("guide", expression)),
            .. OfPage().Select(expression => ("page", expression)),
            ("autoscaler", ScaledBy().Match(Repository.Read("deploy/kubernetes/overlays/lag/scaled-object.yaml")).Groups[1].Value),
        ];
        await AskAsync(unanswered, Rebuild);

        // Caught up, so that no batch waits at the gate with the locks that the rebuild needs.
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select min(last_global_position) = (select max(global_position) from events) from projection_checkpoints"), _patience, "all has been applied");
        await using var gate = await database.DataSource.OpenConnectionAsync(Token);
        await ExecuteAsync(gate, "select pg_advisory_lock(4712)");
        using var client = new HttpProjectionClient(new Uri(address, "/pup"));
        var rebuilding = Task.Run(async () => await client.RebuildAsync("ledger", Token).LastAsync(Token), Token);
        await Eventually.TrueAsync(() => database.ScalarAsync<bool>("select state = 'rebuilding' from projections where name = 'ledger'"), _patience, "the rebuild has begun");
        await AskAsync(unanswered);
        var share = Assert.Single(await prometheus.QueryAsync("pupsourcing_rebuild_progress_ratio")).Value;
        Assert.InRange(share, 0, 0.6);
        // The share of all events: the fourth of the page's queries.
        var shares = await prometheus.QueryAsync(OfPage()[3]);
        Assert.Equal(["counter", "ledger"], shares.Select(sample => sample.Labels["projection_name"]).Order(StringComparer.Ordinal));
        Assert.InRange(shares.Single(sample => sample.Labels["projection_name"] == "ledger").Value, 1, 100);
        Assert.Equal([0, 0], (await prometheus.QueryAsync($"abs({OfPage()[3]} - 100 * pupsourcing_projection_lag / scalar(max(pupsourcing_log_position)))")).Select(sample => Math.Round(sample.Value, 6)));
        // What there is now is all there ever is, and the page lists it.
        var series = await prometheus.QueryAsync("""count by (__name__) ({__name__=~"pupsourcing_.+",__name__!~".+_created"})""");
        Assert.Equal(
            Listed().Matches(Repository.Read("docs/monitoring.md")).Select(row => row.Groups["series"].Value).Order(StringComparer.Ordinal),
            series.Select(one => Suffix().Replace(one.Labels["__name__"], "")).Distinct().Order(StringComparer.Ordinal));
        // Of each counter and histogram when it began, and of nothing else.
        var created = await prometheus.QueryAsync("""count by (__name__) ({__name__=~"pupsourcing_.+_created"})""");
        Assert.Equal(
            series.Select(one => one.Labels["__name__"]).Where(name => Began().IsMatch(name)).Select(name => Began().Replace(name, "_created")).Order(StringComparer.Ordinal),
            created.Select(one => one.Labels["__name__"]).Order(StringComparer.Ordinal));
        await ExecuteAsync(gate, "select pg_advisory_unlock(4712)");
        Assert.True((await rebuilding).IsDone);

        // Until only these are left, while events keep coming.
        async Task AskAsync(List<(string Who, string Expression)> open, params string[] left)
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    await EventLog.AppendAsync(database, 5, 20);
                    foreach (var query in open.ToList())
                    {
                        if ((await prometheus.QueryAsync(Filled(query.Expression))).Any(sample => !double.IsNaN(sample.Value)))
                            open.Remove(query);
                    }

                    return open.All(query => left.Contains(query.Who));
                },
                _patience,
                () => $"every query has samples; none has {string.Join("\n", open)}\n{silo.Log()}");
            Assert.Equal(left, open.Select(query => query.Who));
        }
    }

    private static string[] OfPage() =>
    [
        .. MarkdownBlock.Of(Repository.Read("docs/monitoring.md")).Single(block => block.Language == "promql").Text.Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#'),
    ];

    // What Grafana puts in place of its variables.
    private static string Filled(string expression) =>
        expression.Replace("$projection_name", ".*", StringComparison.Ordinal).Replace("$__rate_interval", "10s", StringComparison.Ordinal);

    private static string RulesThatDoNotWait() => For().Replace(Repository.Read("deploy/prometheus/pup-rules.yml"), "");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();

    [GeneratedRegex("^\\| `(?<series>pupsourcing_\\w+)` \\|", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex("^ +query: (.+)$", RegexOptions.Multiline)]
    private static partial Regex ScaledBy();

    [GeneratedRegex("_(total|count)$")]
    private static partial Regex Began();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();

    [GeneratedRegex(@"^ +for: .*\n", RegexOptions.Multiline)]
    private static partial Regex For();
}
