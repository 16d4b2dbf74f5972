using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry.Metrics;
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
        TelemetryServices.Add(builder, isScraped: true);
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
