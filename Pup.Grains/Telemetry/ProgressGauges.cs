using System.Diagnostics.Metrics;
using System.Globalization;

namespace Pup.Grains.Telemetry;

/// <summary>
/// Lag and state of projections, read from the database, so that a partition which runs nowhere falls behind visibly. Of all silos one shows
/// a projection. What is old is not shown at all.
/// </summary>
internal sealed class ProgressGauges
{
    private static readonly TimeSpan _goodFor = TimeSpan.FromSeconds(10);

    private readonly PupOptions _options;
    private readonly TimeProvider _time;
    private readonly string? _silo;
    private readonly List<Instrument> _instruments;
    private volatile ProgressReading? _last;
    private long _readAt;

    public ProgressGauges(Meter meter, PupOptions options, TimeProvider time, string? silo)
    {
        (_options, _time, _silo) = (options, time, silo);
        _instruments =
        [
            meter.CreateObservableGauge("pupsourcing_projection_lag", ObserveLag, unit: null, "Events that the partition furthest behind has not seen."),
            meter.CreateObservableGauge("pupsourcing_projection_lag_age", ObserveLagAge, "s", "Age of the oldest event that a partition has not seen; 0 when all have seen all."),
            meter.CreateObservableGauge("pupsourcing_partitions", ObserveStates, unit: null, "Partitions by state."),
            meter.CreateObservableGauge("pupsourcing_rebuild_progress_ratio", ObserveRebuild, unit: null, "Share of a rebuild that is done; no series while there is none."),
        ];
        if (!options.MetricsPartitionLabel)
            return;
        _instruments.Add(meter.CreateObservableGauge("pupsourcing_partition_lag", ObservePartitionLag, unit: null, "Events that the partition has not seen."));
        _instruments.Add(meter.CreateObservableGauge("pupsourcing_partition_lag_age", ObservePartitionLagAge, "s", "Age of the oldest event that the partition has not seen."));
    }

    /// <summary>Whether anybody collects them.</summary>
    public bool AreWanted => _instruments.Exists(static instrument => instrument.Enabled);

    public void Show(ProgressReading reading)
    {
        _last = reading;
        Volatile.Write(ref _readAt, _time.GetTimestamp());
    }

    private IEnumerable<(ProgressReading Reading, ProjectionProgress Projection)> Mine()
    {
        // One that cannot be read again for a while says nothing of now.
        var limit = 5 * _options.MetricsInterval;
        if (_last is not { } reading || _time.GetElapsedTime(Volatile.Read(ref _readAt)) > (limit > _goodFor ? limit : _goodFor))
            return [];
        return reading.Projections.Where(projection => _silo is null || reading.ExporterOf(projection) == _silo).Select(projection => (reading, projection));
    }

    private IEnumerable<Measurement<long>> ObserveLag() =>
        Mine().Select(one => new Measurement<long>(one.Projection.Partitions.Max(one.Reading.LagOf), Label(one.Projection)));

    private IEnumerable<Measurement<double>> ObserveLagAge() =>
        Mine().Select(one => new Measurement<double>(one.Projection.Partitions.Max(SecondsOf), Label(one.Projection)));

    private IEnumerable<Measurement<double>> ObserveRebuild() =>
        Mine().Where(one => one.Projection.Rebuilt is not null).Select(one => new Measurement<double>(one.Projection.Rebuilt!.Value, Label(one.Projection)));

    // Zeros, too: an alert must see a state end.
    private IEnumerable<Measurement<long>> ObserveStates() =>
        from one in Mine()
        let counts = one.Projection.Partitions.CountBy(partition => one.Reading.StateOf(one.Projection, partition)).ToDictionary()
        from state in ProgressReading.States
        select new Measurement<long>(counts.GetValueOrDefault(state), Label(one.Projection), new KeyValuePair<string, object?>(Labels.State, state));

    private IEnumerable<Measurement<long>> ObservePartitionLag() =>
        Mine().SelectMany(one => one.Projection.Partitions.Select(partition => new Measurement<long>(one.Reading.LagOf(partition), LabelsOf(one, partition))));

    private IEnumerable<Measurement<double>> ObservePartitionLagAge() =>
        Mine().SelectMany(one => one.Projection.Partitions.Select(partition => new Measurement<double>(SecondsOf(partition), LabelsOf(one, partition))));

    private static double SecondsOf(PartitionProgress partition) => partition.OldestAge?.TotalSeconds ?? 0;

    private static KeyValuePair<string, object?> Label(ProjectionProgress projection) => new(Labels.Projection, projection.Name);

    // The silo where it runs, and none where it runs nowhere; not the one that says so.
    private static KeyValuePair<string, object?>[] LabelsOf((ProgressReading Reading, ProjectionProgress Projection) one, PartitionProgress partition) =>
    [
        Label(one.Projection),
        new(Labels.Partition, partition.Partition.ToString(CultureInfo.InvariantCulture)),
        new(Labels.Silo, SiloLabel.Of(one.Reading.OwnerOf(partition))),
    ];
}
