using System.Collections;
using Microsoft.Extensions.Configuration;

namespace Pup.Silo.Telemetry;

/// <summary>Which signals the standard variables want to be sent by OTLP. Where to, and how, the exporter reads itself.</summary>
/// <param name="Metrics">Whether metrics.</param>
/// <param name="Traces">Whether traces.</param>
/// <param name="HasServiceName">Whether the variables name the service.</param>
internal sealed record OtlpSettings(bool Metrics, bool Traces, bool HasServiceName)
{
    private const string Prefix = "OTEL_";

    /// <summary>Reads them, and puts those of the environment into the configuration, where OpenTelemetry looks: <c>pup run</c> has nothing else there.</summary>
    public static OtlpSettings Read(IConfigurationManager configuration)
    {
        var missing = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value))
            .Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal) && configuration[variable.Key] is null)
            .ToList();
        if (missing.Count > 0)
            configuration.AddInMemoryCollection(missing);
        var all = Has("OTEL_EXPORTER_OTLP_ENDPOINT");
        return new OtlpSettings(
            all || Has("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
            all || Has("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            Has("OTEL_SERVICE_NAME") || configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.name=", StringComparison.Ordinal) == true);

        bool Has(string name) => !string.IsNullOrWhiteSpace(configuration[name]);
    }
}
