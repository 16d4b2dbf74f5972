namespace Pup.Grains.Partitions;

/// <summary>
/// How a batch is cut into transactions: at first not at all; after a failure, up to the failing event, then that event alone.
/// Pure bookkeeping, so that it is tested without a database.
/// </summary>
internal sealed class SegmentPlan(IReadOnlyList<WorkItem> items, long upTo, bool oneByOne)
{
    private readonly SortedSet<int> _suspects = [];
    private int _cursor;

    public bool IsDone => _cursor >= items.Count;

    public Segment Next()
    {
        var groupEnd = GroupEnd(_cursor);
        var end = groupEnd;
        if (!oneByOne && !_suspects.Contains(_cursor))
        {
            var suspects = _suspects.GetViewBetween(_cursor, int.MaxValue);
            end = suspects.Count > 0 ? suspects.Min : items.Count;
        }

        var target = end == items.Count ? upTo : items[end].Event.GlobalPosition - 1;
        return new Segment(_cursor, end, target, end == groupEnd);
    }

    /// <summary>The checkpoint stands at <paramref name="position"/>: all items up to it are done.</summary>
    public void Passed(long position)
    {
        while (_cursor < items.Count && items[_cursor].Event.GlobalPosition <= position)
            _cursor++;
    }

    /// <summary>The event of this item goes alone from now on; -1 means that any event of the segment may have been the one.</summary>
    public void Suspect(Segment segment, int item)
    {
        if (item >= 0)
        {
            _suspects.Add(GroupStart(item));
            return;
        }

        for (var start = segment.Start; start < segment.End; start = GroupEnd(start))
            _suspects.Add(start);
    }

    private int GroupStart(int index)
    {
        while (index > 0 && items[index - 1].Event.GlobalPosition == items[index].Event.GlobalPosition)
            index--;
        return index;
    }

    private int GroupEnd(int index)
    {
        var position = items[index].Event.GlobalPosition;
        while (index < items.Count && items[index].Event.GlobalPosition == position)
            index++;
        return index;
    }
}
