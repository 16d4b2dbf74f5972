using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination.Waiting;

/// <summary>The ordering keys that the events of an append have in one projection, taken from the events as they stand in the log.</summary>
internal sealed class AppendedKeys(ProjectionScope scope, OrderingKeys keys, long[] positions)
{
    /// <summary>Position and hash of each key; null until all of the events were seen.</summary>
    public (long[] Positions, long[] Hashes)? Found { get; private set; }

    public long LastPosition { get; } = positions.Max();

    /// <returns>False when not all of the events are visible: their transaction is open, or it was rolled back.</returns>
    public async ValueTask<bool> FindAsync(Generation generation, CancellationToken cancellationToken)
    {
        if (Found is not null)
            return true;
        var events = await EventLookup.ReadAsync(generation, positions, cancellationToken);
        if (events.Count < positions.Distinct().Count())
            return false;
        var items = new List<WorkItem>();
        foreach (var found in events.Where(scope.Includes))
            keys.AddAllItems(found, items);
        Found = ([.. items.Select(static item => item.Event.GlobalPosition)], [.. items.Select(static item => (long)item.Hash)]);
        return true;
    }
}
