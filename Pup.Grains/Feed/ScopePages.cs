using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The cached pages of one scope, which never overlap, and the span that suits how sparse the scope is.</summary>
internal sealed class ScopePages(ProjectionScope scope, int firstSpan)
{
    private const int LongestSpan = 1 << 20;
    private static readonly TimeSpan SlowRead = TimeSpan.FromMilliseconds(250);

    private readonly SortedList<long, EventPage> _pages = [];

    /// <summary>Those who go through the pages in order.</summary>
    public List<PageFollower> Followers { get; } = [];

    public long Span { get; private set; } = firstSpan;

    /// <summary>The page that holds the position after <paramref name="position"/>, made if there is none.</summary>
    public EventPage PageAfter(long position)
    {
        var index = LastAtOrBefore(position);
        if (index >= 0 && _pages.Values[index] is var candidate && position < candidate.End)
            return candidate;

        // Aligned, so that workers at different positions share it; clipped, so that it overlaps no neighbour.
        var start = position - position % Span;
        var end = start + Span;
        if (index >= 0)
            start = Math.Max(start, _pages.Values[index].End);
        if (index + 1 < _pages.Count)
            end = Math.Min(end, _pages.Keys[index + 1]);
        var page = new EventPage(scope, start, end);
        _pages.Add(start, page);
        return page;
    }

    /// <summary>The pages that no follower needs any more, save those that are just being read.</summary>
    public IReadOnlyList<EventPage> Passed()
    {
        if (Followers.Count == 0 || _pages.Count == 0)
            return [];
        var least = Followers.Min(static follower => follower.Position);
        return _pages.Values[0].End > least
            ? []
            : [.. _pages.Values.TakeWhile(page => page.End <= least).Where(static page => page.Reading is null)];
    }

    public void Remove(EventPage page) => _pages.Remove(page.Start);

    /// <summary>Doubles the span where pages come out nearly empty, halves it where they come out full or slow.</summary>
    public void Adapt(EventPage page, TimeSpan readTook)
    {
        var length = page.End - page.Start;
        if (page.Count < firstSpan / 4 && length == Span && readTook < SlowRead)
            Span = Math.Min(Span * 2, Math.Max(LongestSpan, firstSpan));
        else if (page.Count > firstSpan || readTook > SlowRead * 4)
            Span = Math.Max(Span / 2, firstSpan);
    }

    private int LastAtOrBefore(long position)
    {
        var (low, high) = (0, _pages.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_pages.Keys[middle] <= position)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }
}
