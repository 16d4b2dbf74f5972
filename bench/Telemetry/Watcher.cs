using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Pup.Bench.Servers;
using Pup.Silo;

namespace Pup.Bench.Telemetry;

/// <summary>
/// All that a silo does to be watched: metrics that are scraped every five seconds, and spans and metrics that are sent by OTLP, sampled and as often as when nobody
/// says otherwise.
/// </summary>
internal sealed class Watcher : IAsyncDisposable
{
    private static readonly TimeSpan s_scrapeInterval = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly HttpClient _client = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _scraping;

    private Watcher(WebApplication app)
    {
        _app = app;
        _scraping = Task.Run(ScrapeAsync);
    }

    public long Scrapes { get; private set; }

    /// <param name="receiver">Address of a <see cref="Receiver"/>.</param>
    public static async Task<Watcher> StartAsync(string receiver)
    {
        var builder = LoopbackServer.Builder();
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver;
        builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        builder.AddPupTelemetry();
        return new Watcher(await LoopbackServer.StartAsync(builder, static app => app.MapPupMetrics()));
    }

    /// <summary>Bytes that a receiver has received so far.</summary>
    public static async Task<long> BytesOfAsync(string receiver, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        return long.Parse(await client.GetStringAsync(new Uri(receiver + Receiver.CountPath), cancellationToken), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _scraping;
        await _app.DisposeAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task ScrapeAsync()
    {
        using var timer = new PeriodicTimer(s_scrapeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await _client.GetStringAsync(new Uri(_app.Urls.Single() + "/metrics"), _stop.Token);
                Scrapes++;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }
}
