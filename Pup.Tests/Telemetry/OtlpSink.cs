using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Pup.Tests.Telemetry;

/// <summary>Takes whatever silos send by OTLP over HTTP, and keeps the bytes.</summary>
internal sealed class OtlpSink : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Signal, byte[] Bytes)> _received = new();
    private readonly WebApplication _app;

    private OtlpSink()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        _app.MapPost("/v1/{signal}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _received.Enqueue(((string)context.Request.RouteValues["signal"]!, body.ToArray()));
        });
    }

    /// <summary>What makes a silo send everything here, and soon.</summary>
    public string[] Environment { get; private set; } = [];

    public static async Task<OtlpSink> StartAsync()
    {
        var sink = new OtlpSink();
        await sink._app.StartAsync();
        var address = sink._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        sink.Environment = [$"OTEL_EXPORTER_OTLP_ENDPOINT={address}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_METRIC_EXPORT_INTERVAL=500", "OTEL_SERVICE_NAME=watched-silo"];
        return sink;
    }

    public bool Has(string signal, string text) => Has(signal, Encoding.UTF8.GetBytes(text));

    public bool Has(string signal, byte[] bytes) => _received.Any(one => one.Signal == signal && one.Bytes.AsSpan().IndexOf(bytes) >= 0);

    /// <summary>What of it can be read.</summary>
    public string Text(string signal) => string.Concat(_received.Where(one => one.Signal == signal).SelectMany(one => one.Bytes).Select(one => one is >= 32 and < 127 ? (char)one : '\n'));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
