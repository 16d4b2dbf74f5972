using System.Text;
using Pup.Client.Events;
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
            foreach (var key in KeysOf(feedEvent.Event))
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

    /// <summary>Everything that an event makes, whatever partition it belongs to.</summary>
    public void AddAllItems(PersistedEvent @event, List<WorkItem> items) =>
        AddItems(new FeedEvent(@event, Partitioner.Hash(@event.AggregateId)), 0, 1, items);

    /// <summary>
    /// The item of a dead letter under the key that it was parked with. When the key function throws still, or gives other keys by now,
    /// the item fails: applied here it would be out of order, and perhaps in a document that another partition writes.
    /// </summary>
    public WorkItem ItemUnder(string key, PersistedEvent @event)
    {
        var item = new WorkItem(@event, key, Partitioner.Hash(key));
        try
        {
            var keys = KeysOf(@event).Select(Normalise).ToList();
            return keys.Contains(key, StringComparer.Ordinal)
                ? item
                : item with
                {
                    KeyError = new InvalidOperationException(
                        $"it was parked under '{key}', and its key is '{string.Join("', '", keys)}' now, whose later events may have been applied. Discard it, or rebuild."),
                };
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return item with { KeyError = exception };
        }
    }

    private IEnumerable<string> KeysOf(PersistedEvent @event) => projection switch
    {
        IBatchProjection batch => batch.KeysOf(@event).Distinct(StringComparer.Ordinal),
        IKeyedProjection keyed => [keyed.KeyOf(@event)],
        _ => [@event.AggregateId],
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
