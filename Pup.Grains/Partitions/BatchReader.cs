using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>Cuts the feed's slices into batches of one partition's own events.</summary>
internal sealed class BatchReader(
    IEventFeed feed, Generation generation, ProjectionScope scope, OrderingKeys keys, BatchLimits limits, AppliedVectors applied)
{
    /// <summary>
    /// The next batch after <paramref name="position"/>. Waits for the log to grow; then takes what is there, up to the limits,
    /// without waiting for more. The batch may be empty: then the log was scanned and nothing in it was this partition's.
    /// </summary>
    public async Task<EventBatch> ReadAsync(long position, int partition, int partitions, CancellationToken cancellationToken)
    {
        var items = new List<WorkItem>();
        long bytes = 0;
        for (var slices = 0; ; slices++)
        {
            var slice = await feed.ReadAsync(generation, scope, position, cancellationToken);
            var events = slice.Events;
            for (var i = 0; i < events.Length; i++)
            {
                var feedEvent = events.Span[i];
                var before = items.Count;
                keys.AddItems(feedEvent, partition, partitions, items);
                if (feedEvent.Event.GlobalPosition <= applied.UpTo)
                    RemoveApplied(items, before);
                if (items.Count == before)
                    continue;
                bytes += feedEvent.Event.Payload.Length;
                // The items of one event are never torn apart: a position is either applied or it is not.
                if (items.Count >= limits.Events || bytes >= limits.Bytes)
                    return new EventBatch(items, i == events.Length - 1 ? slice.UpTo : feedEvent.Event.GlobalPosition);
            }

            position = slice.UpTo;
            var more = feed.MarkOf(generation) > position;
            if (!more || (items.Count == 0 && slices >= BatchLimits.EmptySlices) || slices >= BatchLimits.Slices)
                return new EventBatch(items, position);
        }
    }

    // Item by item: one event may be applied already for one of its keys and not for another.
    private void RemoveApplied(List<WorkItem> items, int start)
    {
        for (var i = items.Count - 1; i >= start; i--)
        {
            if (applied.Covers(items[i].Hash, items[i].Event.GlobalPosition))
                items.RemoveAt(i);
        }
    }
}
