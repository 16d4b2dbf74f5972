namespace Pup.Grains.Coordination.Placement;

/// <summary>A partition and who owned it last.</summary>
/// <param name="Key">The partition.</param>
/// <param name="Owner">Address of the silo that took ownership last; null if none ever did.</param>
/// <param name="Runs">False while nothing is to take ownership: the projection is paused, the partition faulted.</param>
internal sealed record PlacedPartition(PartitionKey Key, string? Owner, bool Runs = true);
