using OpenTelemetry.Metrics;
using Pup.Grains.Projections;
using Pup.Grains.Telemetry;

namespace Pup.Silo.Telemetry;

/// <summary>
/// OpenTelemetry keeps 2,000 series of an instrument and lumps the others together, which a projection of 1,000 partitions that is moved about comes near.
/// </summary>
internal static class SeriesLimit
{
    private const int Least = 2_000;
    private const int Most = 100_000;

    // Repartitioning, and partitions that were here and left.
    private const int Margin = 4;

    public static void Raise(IServiceProvider services, MeterProviderBuilder metrics)
    {
        var partitions = services.GetService<ProjectionRegistry>()?.All.Sum(static projection => projection.Partitions) ?? 0;
        var limit = Math.Clamp(Margin * partitions, Least, Most);
        if (limit > Least)
            metrics.AddView(instrument => instrument.Meter.Name == PupInstruments.MeterName && instrument.IsObservable ? new MetricStreamConfiguration { CardinalityLimit = limit } : null);
    }
}
