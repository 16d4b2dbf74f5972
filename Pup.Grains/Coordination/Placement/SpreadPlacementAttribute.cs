using Orleans.Placement;

namespace Pup.Grains.Coordination.Placement;

/// <summary>Marks a grain whose key is a projection's name, or begins with it, for <see cref="SpreadPlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SpreadPlacementAttribute() : PlacementAttribute(SpreadPlacement.Instance);
