using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pup.Grains.Telemetry;

namespace Pup.Silo.Telemetry;

/// <summary>Joins Pup's meter and spans with those who collect them.</summary>
internal static class TelemetryServices
{
    /// <param name="builder">The host.</param>
    /// <param name="isScraped">Whether it serves HTTP, and metrics there; otherwise they are collected only if they are sent.</param>
    public static void Add(IHostApplicationBuilder builder, bool isScraped)
    {
        if (builder.Services.Any(static service => service.ServiceType == typeof(StatementErrors)))
            return;
        var otlp = OtlpSettings.Read(builder.Configuration);
        builder.Services.AddSingleton<StatementErrors>();
        builder.Services.ConfigureOpenTelemetryMeterProvider(static metrics => metrics.AddMeter(PupInstruments.MeterName));
        builder.Services.ConfigureOpenTelemetryMeterProvider(SeriesLimit.Raise);
        // Only where somebody makes spans is anything done for them: below, or the application itself.
        builder.Services.ConfigureOpenTelemetryTracerProvider(static tracing => tracing
            .AddSource(BatchSpans.SourceName).AddSource(StatementSpans.SourceName).AddProcessor(new StatementSpans()));
        builder.Services.ConfigureOpenTelemetryTracerProvider(static (provider, _) => provider.GetRequiredService<StatementErrors>().Listen());
        if (!isScraped && !otlp.Metrics && !otlp.Traces)
            return;

        var telemetry = builder.Services.AddOpenTelemetry();
        if (!otlp.HasServiceName)
            telemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        // The labels of the guide's series, and no others.
        if (isScraped)
            telemetry.WithMetrics(static metrics => metrics.AddPrometheusExporter(static prometheus => prometheus.ScopeInfoEnabled = false));
        if (otlp.Metrics)
            telemetry.WithMetrics(static metrics => metrics.AddOtlpExporter());
        if (otlp.Traces)
            telemetry.WithTracing(static tracing => tracing.AddOtlpExporter());
    }
}
