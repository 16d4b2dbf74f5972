using System.Net.Http.Headers;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>Silos that are scraped, each a process, on a database of the test's own.</summary>
internal sealed class MetricsCluster : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };

    private readonly List<SiloProcess> _silos = [];

    private MetricsCluster(TestDatabase database) => Database = database;

    public TestDatabase Database { get; }

    public static async Task<MetricsCluster> CreateAsync(PostgresServer server) => new(await TestDatabase.CreateAsync(server));

    public Task<SiloProcess> StartAsync(params string[] environment) => StartAtAsync(Database.ConnectionString, environment);

    /// <summary>Starts a silo, and waits until it can be scraped.</summary>
    public async Task<SiloProcess> StartAtAsync(string connectionString, params string[] environment)
    {
        var silo = SiloProcess.Start(connectionString, [MetricsSilo.Command, "Pup__MetricsInterval=200ms", "Pup__RetryDelay=10ms", .. environment]);
        _silos.Add(silo);
        await Eventually.TrueAsync(() => AnswersAsync(silo), Patience, $"the silo answers; it says {silo.Log()}");
        return silo;
    }

    /// <summary>Appends by the silo's web part, as a request of this trace.</summary>
    public static async Task AppendAsync(SiloProcess silo, string type, string aggregate, string payload = "1", string? traceParent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(silo.Web, $"/append/{type}/{aggregate}")) { Content = new StringContent(payload) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        if (traceParent is not null)
            request.Headers.Add("traceparent", traceParent);
        using var answer = await _client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task CaughtUpAsync() => await Eventually.TrueAsync(
        async () => await Database.ScalarAsync<bool>("select min(last_global_position) >= (select coalesce(max(global_position), 0) from events) from projection_checkpoints"),
        Patience,
        $"all checkpoints at the end of the log; {Log()}");

    /// <summary>Scrapes until what is found satisfies.</summary>
    public static async Task<Scrape> UntilAsync(SiloProcess silo, Func<Scrape, bool> satisfies, string what)
    {
        Scrape? last = null;
        try
        {
            await Eventually.TrueAsync(async () => satisfies(last = await Scrape.OfAsync(silo)), Patience, what);
        }
        catch (Xunit.Sdk.FailException failure)
        {
            Assert.Fail($"{failure.Message} It has:\n{last?.Text}\n{silo.Log()}");
        }

        return last!;
    }

    /// <summary>What all silos said.</summary>
    public string Log() => string.Join('\n', _silos.Select(static silo => silo.Log()));

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
            await silo.DisposeAsync();
        await Database.DisposeAsync();
    }

    private static async Task<bool> AnswersAsync(SiloProcess silo)
    {
        Assert.False(silo.HasExited, silo.Log());
        try
        {
            await Scrape.OfAsync(silo);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
