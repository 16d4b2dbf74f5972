using System.Text;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>Turns an event into the items it makes for one projection: one per ordering key.</summary>
internal sealed class OrderingKeys(IProjection projection)
{
    public void AddItems(in FeedEvent feedEvent, int partition, int partitions, List<WorkItem> items)
    {
        if (projection is not (IBatchProjection or IKeyedProjection))
        {
            if (IsOwn(feedEvent.Hash, partition, partitions))
                items.Add(new WorkItem(feedEvent.Event, feedEvent.Event.AggregateId, feedEvent.Hash));
            return;
        }

        var before = items.Count;
        try
        {
            foreach (var key in KeysOf(feedEvent))
            {
                var normalised = Normalise(key);
                var hash = Partitioner.Hash(normalised);
                if (IsOwn(hash, partition, partitions))
                    items.Add(new WorkItem(feedEvent.Event, normalised, hash));
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The event belongs somewhere, and somebody must hear of it: its aggregate's partition fails it as a handler would.
            items.RemoveRange(before, items.Count - before);
            if (IsOwn(feedEvent.Hash, partition, partitions))
                items.Add(new WorkItem(feedEvent.Event, feedEvent.Event.AggregateId, feedEvent.Hash) { KeyError = exception });
        }
    }

    private IEnumerable<string> KeysOf(FeedEvent feedEvent) => projection switch
    {
        IBatchProjection batch => batch.KeysOf(feedEvent.Event).Distinct(StringComparer.Ordinal),
        IKeyedProjection keyed => [keyed.KeyOf(feedEvent.Event)],
        _ => [feedEvent.Event.AggregateId],
    };

    private static bool IsOwn(uint hash, int partition, int partitions) => Partitioner.PartitionOf(hash, partitions) == partition;

    // A key must survive being parked, that is stored as text: PostgreSQL refuses NUL, and UTF-8 knows no lone surrogates.
    private static string Normalise(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var clean = key.Contains('\0', StringComparison.Ordinal) ? key.Replace('\0', '\uFFFD') : key;
        return clean.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(clean)) : clean;
    }
}
