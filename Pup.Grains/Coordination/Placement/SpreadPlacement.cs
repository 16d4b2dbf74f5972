namespace Pup.Grains.Coordination.Placement;

/// <summary>Partitions and projections live on silos that host them, evenly spread.</summary>
internal sealed class SpreadPlacement : PlacementStrategy
{
    public static SpreadPlacement Instance { get; } = new();
}
