namespace Pup.Grains.Coordination.Placement;

/// <summary>A living silo and the projections it hosts.</summary>
/// <param name="Address">Its address, generation included.</param>
/// <param name="Projections">Names of the projections it has.</param>
/// <param name="AcceptsMoves">Whether it has been there long enough for partitions to move to it from where they run well.</param>
internal sealed record HostingSilo(string Address, IReadOnlySet<string> Projections, bool AcceptsMoves);
