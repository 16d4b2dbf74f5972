namespace Pup.Grains.Feed;

/// <summary>The latest positions below the mark, as they were when they were first counted or last audited.</summary>
internal sealed class AuditedPositions(long upTo, int span)
{
    private readonly HashSet<long> _present = [];

    /// <summary>The window is (From, UpTo].</summary>
    public long From { get; private set; } = Math.Max(0, upTo - span);

    public long UpTo { get; private set; } = Math.Max(0, upTo - span);

    /// <summary>Where the window begins once it reaches up to <paramref name="mark"/>.</summary>
    public long FromAt(long mark) => Math.Max(From, mark - span);

    /// <summary>
    /// Takes what is there now in (<see cref="FromAt"/>, <paramref name="mark"/>], and gives what was not there when it was counted
    /// before. What is missing now was deleted, and no concern of an audit.
    /// </summary>
    public List<long> Take(long mark, IReadOnlyCollection<long> present)
    {
        var late = present.Where(position => position <= UpTo && !_present.Contains(position)).Order().ToList();
        From = FromAt(mark);
        UpTo = mark;
        _present.Clear();
        _present.UnionWith(present);
        return late;
    }

    /// <summary>Takes what is there now in (<see cref="UpTo"/>, <paramref name="mark"/>], which was never counted before.</summary>
    public void Extend(long mark, IEnumerable<long> present)
    {
        From = FromAt(mark);
        UpTo = mark;
        _present.UnionWith(present);
        _present.RemoveWhere(position => position <= From);
    }
}
