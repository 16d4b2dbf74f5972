namespace Pup.Grains.Feed;

/// <summary>
/// The high-water mark. A position is taken before its transaction commits, so a greater one can be visible while a
/// smaller one is still in flight; whoever reads past the smaller one has lost it for ever. Per open writer we keep a
/// <em>floor</em>: a position below which it cannot write. The mark is the lowest of what is visible and the floors.
/// </summary>
/// <param name="persisted">The mark that an earlier generation left behind; null if there is none.</param>
internal sealed class HighWaterMark(long? persisted) : IMarkRule
{
    private Dictionary<string, MarkHolder> _holders = [];

    // A writer first seen in a look took its lock after the previous look asked for writers, so each position it takes
    // is above what was visible in that previous look. Before the first look only the persisted mark is known to be
    // decided, and without one nothing is: such a writer may hold any position. Never a checkpoint: those of
    // other engines are not safe.
    private long _floorOfNewcomers = persisted ?? 0;

    public long Mark { get; private set; } = persisted ?? 0;

    public IReadOnlyList<MarkHolder> Holding { get; private set; } = [];

    public void Observe(long visible, IReadOnlyCollection<LogWriter> writers, DateTimeOffset at)
    {
        var present = new Dictionary<string, MarkHolder>(writers.Count);
        var lowest = visible;
        foreach (var writer in writers)
        {
            // A transaction that was prepared has lost its backend meanwhile, but keeps its virtual id and its floor.
            var holder = _holders.TryGetValue(writer.VirtualTransaction, out var known)
                ? known with { Writer = writer }
                : new MarkHolder(writer, _floorOfNewcomers, at);
            present[writer.VirtualTransaction] = holder;
            lowest = Math.Min(lowest, holder.Floor);
        }

        _holders = present;
        _floorOfNewcomers = visible;
        Mark = Math.Max(Mark, lowest);
        Holding = Mark >= visible
            ? []
            : [.. present.Values.Where(holder => holder.Floor < visible).OrderBy(holder => holder.Floor).ThenBy(holder => holder.FirstSeen)];
    }
}
