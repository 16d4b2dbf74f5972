using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Pup.Grains.Coordination;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;

namespace Pup.Grains.Telemetry;

/// <summary>
/// The meter of one silo. Nearly everything is counted anyway, by the journals of partitions and by the feed, and is only looked at
/// when somebody collects: what nobody collects costs nothing, and an event costs nothing either way.
/// </summary>
internal sealed class PupInstruments : IDisposable
{
    public const string MeterName = "Pup";

    private readonly ConcurrentDictionary<PartitionKey, PartitionSeries> _series = [];
    private readonly Meter? _own;
    private readonly BatchHistograms _histograms;
    private readonly string _silo;

    // With a factory each host of a process has a meter of its own; the factory ends it.
    public PupInstruments(EventFeed feed, PupOptions options, TimeProvider time, IMeterFactory? meters = null, EngineSilo? silo = null)
    {
        var meter = meters?.Create(MeterName) ?? (_own = new Meter(MeterName));
        _silo = SiloLabel.Of(silo?.Name);
        _histograms = new BatchHistograms(meter, time);
        Progress = new ProgressGauges(meter, options, time, silo?.Name);
        PartitionCounters.Register(meter, () => _series.Values, options.MetricsPartitionLabel);
        FeedGauges.Register(meter, feed, time, _silo);
    }

    /// <summary>How far every projection is, by the database.</summary>
    public ProgressGauges Progress { get; }

    /// <summary>Histograms of one projection's batches.</summary>
    public BatchInstruments BatchesOf(string projection) => new(_histograms, projection, _silo);

    /// <summary>Shows a partition's counts from now on; what its former journal counted on this silo stays counted.</summary>
    public PartitionJournal Track(string projection, int partition, PartitionJournal journal)
    {
        _series.GetOrAdd(new PartitionKey(projection, partition), static (key, silo) => new PartitionSeries(key, silo), _silo).Follow(journal);
        return journal;
    }

    /// <summary>The database's clock, less this one.</summary>
    public TimeSpan ClockOffset
    {
        set => _histograms.ClockOffset = value;
    }

    public void Dispose() => _own?.Dispose();
}
