using Pup.Grains.Partitions;

namespace Pup.Grains.Coordination.Placement;

/// <summary>Who is there, what runs where, and where it belongs, as seen at one moment.</summary>
internal sealed class PlacementView(MembershipVersion membership, IReadOnlyList<HostingSilo> silos, IReadOnlyList<PlacedPartition> partitions, bool isComplete)
{
    private readonly IReadOnlyDictionary<PartitionKey, string> _plan = SpreadPlan.Of(silos, partitions);
    private readonly HashSet<string> _living = silos.Select(silo => silo.Address).ToHashSet(StringComparer.Ordinal);

    public MembershipVersion Membership => membership;

    /// <summary>How long until the next silo has been there long enough to take partitions from others; null if all have.</summary>
    public TimeSpan? NextSettles { get; init; }

    public IReadOnlyList<PlacedPartition> Partitions => partitions;

    /// <summary>Whether all active silos have said what they host.</summary>
    public bool IsComplete => isComplete;

    /// <summary>Projections that no living silo hosts.</summary>
    public IEnumerable<string> Unplaced => partitions.Select(partition => partition.Key.Projection).Distinct().Where(name => !IsHosted(name));

    /// <summary>Whether its last owner is not there any more, and another silo could run it.</summary>
    public bool IsOrphan(PlacedPartition partition) =>
        (partition.Owner is null || !_living.Contains(partition.Owner)) && IsHosted(partition.Key.Projection);

    public bool IsHosted(string projection) => silos.Any(silo => silo.Projections.Contains(projection));

    /// <returns>Where the partition belongs; null if no silo hosts its projection.</returns>
    public string? HomeOf(PartitionKey key) => _plan.GetValueOrDefault(key) ?? SomeHost(key.Projection, key.Partition);

    /// <returns>One of the silos that host the projection, the same for the same seed; null if there is none.</returns>
    public string? SomeHost(string projection, int seed)
    {
        var hosts = silos.Where(silo => silo.Projections.Contains(projection)).Select(silo => silo.Address).Order(StringComparer.Ordinal).ToList();
        return hosts.Count == 0 ? null : hosts[(int)((Partitioner.Hash(projection) + (uint)seed) % (uint)hosts.Count)];
    }
}
