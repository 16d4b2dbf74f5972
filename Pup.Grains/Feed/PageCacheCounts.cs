namespace Pup.Grains.Feed;

/// <summary>What the page caches of all generations of a feed gave without a read, and what they had to read. Together they are the slices handed out.</summary>
internal sealed class PageCacheCounts
{
    private long _hits;
    private long _misses;

    /// <summary>Slices handed out beyond the first after each read.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Reads of a page.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    public void Hit() => Interlocked.Increment(ref _hits);

    public void Miss() => Interlocked.Increment(ref _misses);
}
