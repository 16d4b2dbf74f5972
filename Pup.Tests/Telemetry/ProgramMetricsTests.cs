using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Pup.Tests.Http;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

public sealed partial class ProgramMetricsTests(PostgresServer server)
{
    [Fact]
    public async Task The_program_shows_its_metrics_to_who_may_read_and_to_nobody_else()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 5);
        await using var silo = SiloProcess.Start(
            database.ConnectionString, "run", "--http=127.0.0.1:0", "--metrics-interval=200ms", "Pup__ApiKeys__0__Name=prometheus", $"Pup__ApiKeys__0__Key={HttpHost.ReadKey}", "Pup__ApiKeys__0__Role=read");
        await silo.SaysAsync("listening on");
        using var http = new HttpClient { BaseAddress = new Uri(Address().Match(silo.Log()).Value) };
        using (var refused = await http.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", HttpHost.ReadKey);
        await Eventually.TrueAsync(
            async () => Scrape.Of(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative))) is var scrape
                && scrape.Of("pupsourcing_projection_lag").Count == 2 && scrape.Sum("pupsourcing_events_processed_total") == 20 && scrape.Value("pupsourcing_log_position") == 10,
            MetricsCluster.Patience,
            $"the metrics of both projections: {silo.Log()}");
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
