namespace Pup.Bench.Telemetry;

/// <param name="Events">Events in the log.</param>
/// <param name="Alternations">Measured runs of each.</param>
internal sealed record TelemetrySettings(long Events, int Alternations);
