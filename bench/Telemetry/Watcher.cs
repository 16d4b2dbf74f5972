using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pup.Silo;

namespace Pup.Bench.Telemetry;

/// <summary>
/// All that watches a silo, in this very process: metrics that are scraped every five seconds, and spans and metrics that are sent by OTLP, sampled and as often as
/// when nobody says otherwise, to where they are thrown away.
/// </summary>
internal sealed class Watcher : IAsyncDisposable
{
    private static readonly TimeSpan s_scrapeInterval = TimeSpan.FromSeconds(5);

    private readonly WebApplication _sink;
    private readonly WebApplication _app;
    private readonly HttpClient _client = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _scraping;
    private long _bytes;

    private Watcher(Func<Watcher, WebApplication> sink, Func<WebApplication, WebApplication> app)
    {
        _sink = sink(this);
        _app = app(_sink);
        _scraping = Task.Run(ScrapeAsync);
    }

    public long Scrapes { get; private set; }

    public long BytesSent => Interlocked.Read(ref _bytes);

    public static Watcher Start() => new(
        static self => Started(Server(), app => app.MapPost("/v1/{signal}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            Interlocked.Add(ref self._bytes, body.Length);
        })),
        static sink =>
        {
            var builder = Server();
            builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.Urls.Single();
            builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
            builder.AddPupTelemetry();
            return Started(builder, static app => app.MapPupMetrics());
        });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _scraping;
        await _app.DisposeAsync();
        await _sink.DisposeAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    private static WebApplicationBuilder Server()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseSetting("urls", "http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddRoutingCore();
        return builder;
    }

    private static WebApplication Started(WebApplicationBuilder builder, Action<WebApplication> map)
    {
        var app = builder.Build();
        map(app);
        app.StartAsync().GetAwaiter().GetResult();
        return app;
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
