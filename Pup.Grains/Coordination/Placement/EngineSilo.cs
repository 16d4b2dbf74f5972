namespace Pup.Grains.Coordination.Placement;

/// <summary>The silo that an engine runs in, as it stands beside the partitions it owns.</summary>
/// <param name="Name">Its address, generation included.</param>
internal sealed record EngineSilo(string Name);
