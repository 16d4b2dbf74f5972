using Pup.Grains.Failures;

namespace Pup.Grains.Partitions;

/// <summary>A segment's items, told apart: those to handle, and those that only become dead letters.</summary>
/// <param name="Live">Items for the handler, in order.</param>
/// <param name="Letters">Items that queue behind a parked key, and those condemned.</param>
/// <param name="Positions">Index in the batch of each live item; null when they simply follow <paramref name="Start"/>.</param>
/// <param name="Start">Index in the batch of the segment's first item.</param>
internal sealed record SegmentSplit(IReadOnlyList<WorkItem> Live, IReadOnlyList<DeadLetter> Letters, IReadOnlyList<int>? Positions, int Start)
{
    public static SegmentSplit Of(IReadOnlyList<WorkItem> items, Segment segment, ParkedKeys parked, IReadOnlyDictionary<int, DeadLetter> condemned)
    {
        if (parked.Count == 0 && condemned.Count == 0)
            return new SegmentSplit(Range(items, segment), [], null, segment.Start);

        var live = new List<WorkItem>();
        var positions = new List<int>();
        var letters = new List<DeadLetter>();
        for (var i = segment.Start; i < segment.End; i++)
        {
            if (condemned.TryGetValue(i, out var letter))
            {
                letters.Add(letter);
            }
            else if (parked.Contains(items[i].Key))
            {
                letters.Add(new DeadLetter(items[i], DeadLetterStatus.Queued, 0, null));
            }
            else
            {
                live.Add(items[i]);
                positions.Add(i);
            }
        }

        return new SegmentSplit(live, letters, positions, segment.Start);
    }

    /// <summary>Index in the batch of a live item; -1 stays -1.</summary>
    public int IndexOf(int live) => live < 0 || Positions is null ? (live < 0 ? -1 : Start + live) : Positions[live];

    /// <summary>Indexes in the batch of all live items.</summary>
    public IEnumerable<int> Indexes(Segment segment) => Positions ?? Enumerable.Range(segment.Start, segment.End - segment.Start);

    // The whole batch is the usual segment, and needs no copy.
    private static IReadOnlyList<WorkItem> Range(IReadOnlyList<WorkItem> items, Segment segment) =>
        segment.Start == 0 && segment.End == items.Count ? items : [.. items.Skip(segment.Start).Take(segment.End - segment.Start)];
}
