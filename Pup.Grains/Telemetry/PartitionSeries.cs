using System.Globalization;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;

namespace Pup.Grains.Telemetry;

/// <summary>
/// One partition as this silo knows it. A partition that leaves and comes back has a new journal; what the former ones counted is added, since
/// a counter must not go back.
/// </summary>
internal sealed class PartitionSeries(PartitionKey key, string silo)
{
    private readonly Lock _lock = new();
    private PartitionTotals _former;
    private PartitionJournal? _journal;

    public string Projection => key.Projection;

    /// <summary>Labels with the partition.</summary>
    public KeyValuePair<string, object?>[] Full { get; } =
        [new(Labels.Projection, key.Projection), new(Labels.Partition, key.Partition.ToString(CultureInfo.InvariantCulture)), new(Labels.Silo, silo)];

    /// <summary>Labels without it.</summary>
    public KeyValuePair<string, object?>[] Short { get; } = [new(Labels.Projection, key.Projection), new(Labels.Silo, silo)];

    public PartitionTotals Totals
    {
        get
        {
            lock (_lock)
                return _journal is null ? _former : _former + PartitionTotals.Of(_journal);
        }
    }

    /// <summary>Keys that are parked; null while the partition does not run here.</summary>
    public int? ParkedKeys
    {
        get
        {
            lock (_lock)
                return _journal is { IsOwned: true } journal ? journal.ParkedKeys : null;
        }
    }

    public void Follow(PartitionJournal journal)
    {
        lock (_lock)
        {
            if (_journal is not null)
                _former += PartitionTotals.Of(_journal);
            _journal = journal;
        }
    }
}
