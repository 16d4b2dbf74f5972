using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pup.Grains.Telemetry;
using Pup.Silo.Telemetry;

namespace Pup.Silo;

/// <summary>Metrics and traces of a silo, by OpenTelemetry.</summary>
public static class PupTelemetryExtensions
{
    /// <summary>
    /// Collects the metrics of the silo, for <see cref="MapPupMetrics"/>. Metrics and traces are also sent by OTLP if the standard variables
    /// say where (OTEL_EXPORTER_OTLP_ENDPOINT, or that of one signal), and not if they do not. Adds to whatever the application
    /// itself collects. In no metric or span is a payload, a statement's text or what an error says. Safe to call twice.
    /// </summary>
    public static IHostApplicationBuilder AddPupTelemetry(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(static service => service.ServiceType == typeof(StatementErrors)))
            return builder;
        var otlp = OtlpSettings.Read(builder.Configuration);
        builder.Services.AddSingleton<StatementErrors>();
        builder.Services.ConfigureOpenTelemetryMeterProvider(SeriesLimit.Raise);
        builder.Services.ConfigureOpenTelemetryTracerProvider(static (provider, tracing) =>
        {
            provider.GetRequiredService<StatementErrors>().Listen();
            tracing.AddSource(BatchSpans.SourceName).AddSource(StatementSpans.SourceName).AddProcessor(new StatementSpans());
        });
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics =>
            {
                // Labels of the guide's series, and no others.
                metrics.AddMeter(PupInstruments.MeterName).AddPrometheusExporter(static prometheus => prometheus.ScopeInfoEnabled = false);
                if (otlp.Metrics)
                    metrics.AddOtlpExporter();
            });
        if (!otlp.HasServiceName)
            telemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        if (otlp.Traces)
            telemetry.WithTracing(static tracing => tracing.AddOtlpExporter());
        return builder;
    }

    /// <summary>Answers GET /metrics as Prometheus wants it, with what <see cref="AddPupTelemetry"/> collects; the application says who may ask.</summary>
    /// <exception cref="InvalidOperationException"><see cref="AddPupTelemetry"/> was not called.</exception>
    public static IEndpointConventionBuilder MapPupMetrics(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        if (endpoints.ServiceProvider.GetService<MeterProvider>() is null)
            throw new InvalidOperationException("There are no metrics to show: call AddPupTelemetry on the application's builder first.");
        return endpoints.MapPrometheusScrapingEndpoint("/metrics");
    }
}
