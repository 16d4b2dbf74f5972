using System.Collections.Immutable;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Testing;

/// <summary>The feed, cut so that batches end where a test wants them to.</summary>
internal sealed class CutFeed(IEventFeed feed, ImmutableArray<long> after) : IEventFeed
{
    public ValueTask<Generation> GenerationAsync(CancellationToken cancellationToken) => feed.GenerationAsync(cancellationToken);

    // A batch takes slice after slice while there is more below the mark. With no mark to be seen each slice is a batch.
    public long MarkOf(Generation generation) => after.IsEmpty ? feed.MarkOf(generation) : 0;

    public async ValueTask<FeedSlice> ReadAsync(Generation generation, ProjectionScope scope, long position, CancellationToken cancellationToken)
    {
        var slice = await feed.ReadAsync(generation, scope, position, cancellationToken);
        var next = after.BinarySearch(position + 1);
        next = next < 0 ? ~next : next;
        if (next == after.Length || slice.UpTo <= after[next])
            return slice;

        var events = slice.Events;
        while (!events.IsEmpty && events.Span[^1].Event.GlobalPosition > after[next])
            events = events[..^1];
        return new FeedSlice(slice.From, after[next], events);
    }

    public PageFollower Follow(Generation generation, ProjectionScope scope, long position) => feed.Follow(generation, scope, position);
}
