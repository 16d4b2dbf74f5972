using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>
/// The events of one scope in a span of positions, as far as they have been read. What has been published never
/// changes: an extension writes behind it. Guarded by the lock of <see cref="EventPages"/>.
/// </summary>
internal sealed class EventPage(ProjectionScope scope, long start, long end)
{
    // A page costs something also if nothing is in it; else a sparse scope could have any number of them.
    private const int OwnBytes = 256;

    private FeedEvent[] _events = [];
    private int _count;
    private bool _isUnused;

    public ProjectionScope Scope => scope;

    /// <summary>The span is (Start, End].</summary>
    public long Start { get; } = start;

    public long End { get; private set; } = end;

    /// <summary>The bound to which the page is valid, fixed before the statement that brought it.</summary>
    public long UpTo { get; private set; } = start;

    public bool IsComplete => UpTo == End;

    public int Count => _count;

    public long EventBytes { get; private set; }

    public long Bytes => OwnBytes + EventBytes;

    /// <summary>The read in flight, which all who need it share.</summary>
    public Task? Reading { get; set; }

    public LinkedListNode<EventPage>? Recency { get; set; }

    public void Extend(PageRead read)
    {
        var needed = _count + read.Events.Count;
        if (needed > _events.Length)
            Array.Resize(ref _events, _count == 0 ? needed : Math.Max(needed, _count * 2));
        read.Events.CopyTo(_events, _count);
        _count = needed;
        EventBytes += read.Bytes;
        UpTo = read.UpTo;
        _isUnused = true;
    }

    /// <summary>Whether nobody has had anything of the page since its last read: that read was made for this one.</summary>
    public bool TakeFirst()
    {
        var isFirst = _isUnused;
        _isUnused = false;
        return isFirst;
    }

    /// <summary>Ends the page where it stands, because it is full; the next one begins there.</summary>
    public void Close() => End = UpTo;

    public FeedSlice SliceAfter(long position)
    {
        var from = FirstAfter(position);
        return new FeedSlice(position, UpTo, _events.AsMemory(from, _count - from));
    }

    private int FirstAfter(long position)
    {
        var (low, high) = (0, _count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_events[middle].Event.GlobalPosition <= position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
