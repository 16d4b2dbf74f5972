using System.Collections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OpenTelemetry.Trace;
using Orleans.Hosting;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Silo;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;
using Pup.Tests.Scenarios.ReadModels;

namespace Pup.Tests.Telemetry;

/// <summary>An application with a silo, its metrics and traces, in a process of its own: a process has one meter.</summary>
internal static class MetricsSilo
{
    public const string Command = "metrics";

    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateBuilder();
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? ""));
        SiloLogging.Configure(builder.Logging, ConfigurationLoader.Load(new Dictionary<string, SourcedValue>(), environment, file: null));
        builder.AddPupTelemetry().AddPupTelemetry();
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddSource("Microsoft.AspNetCore"));
        builder.UseOrleans(silo =>
        {
            var pup = silo.UsePupClustering().AddPup().AddProjection<WatchedProjection>().AddProjection<CounterProjection>();
            if (builder.Configuration["RARE"] == "true")
                pup.AddProjection<RareProjection>();
        });

        await using var app = builder.Build();
        await using var source = NpgsqlDataSource.Create(app.Configuration["DATABASE_URL"]!);
        var store = new EventStore(source);
        app.MapPupMetrics();
        app.MapPost("/append/{type}/{aggregate}", async (string type, string aggregate, HttpRequest request) =>
        {
            using var payload = new MemoryStream();
            await request.Body.CopyToAsync(payload);
            var appended = await store.AppendAsync("Test", "Thing", aggregate, ExpectedVersion.Any, [new Event { EventType = type, Payload = payload.ToArray() }]);
            return appended.ToString();
        });
        await app.RunAsync();
        return 0;
    }
}
