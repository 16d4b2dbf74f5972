namespace Pup.Grains.Feed;

/// <summary>Who the holders of the mark are. Asked at most once a second, and only of those that have stayed for a while.</summary>
internal sealed class HolderNames(LookSession session, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WorthAsking = TimeSpan.FromMilliseconds(200);

    private Dictionary<string, MarkHolder> _known = [];
    private long? _asked;

    public async Task<IReadOnlyList<MarkHolder>> NameAsync(IReadOnlyList<MarkHolder> holders, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var lasting = holders.Where(holder => now - holder.FirstSeen > WorthAsking).ToList();
        if (lasting.Count == 0)
        {
            _known = [];
            return holders;
        }

        if (_asked is null || time.GetElapsedTime(_asked.Value) > Interval)
        {
            _asked = time.GetTimestamp();
            _known = (await session.DescribeAsync(lasting, cancellationToken)).ToDictionary(holder => holder.Writer.VirtualTransaction);
        }

        // The pid comes from this look: a transaction that was prepared since has none.
        return [.. holders.Select(holder => _known.TryGetValue(holder.Writer.VirtualTransaction, out var named) && named.Writer == holder.Writer ? named : holder)];
    }
}
