namespace Pup.Client.Events;

/// <summary>Where the events of one append stand.</summary>
/// <param name="Positions">Global positions, in the order of the events; ascending, not always consecutive.</param>
/// <param name="FirstVersion">Version of the aggregate after the first of the events.</param>
/// <param name="LastVersion">Version of the aggregate after the last of them: what the next append may expect.</param>
public sealed record AppendResult(IReadOnlyList<long> Positions, long FirstVersion, long LastVersion)
{
    /// <summary>Position of the last event: what a reader waits for to see the whole append.</summary>
    public long LastPosition => Positions[^1];
}
