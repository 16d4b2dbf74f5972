namespace Pup.Grains.Feed;

/// <summary>How long to wait before the next look.</summary>
internal static class LookPacing
{
    private const int DurationFactor = 20;
    private const int Remembered = 8;

    /// <summary>Looks stay frequent for this long after the last sign of life.</summary>
    public static readonly TimeSpan Alertness = TimeSpan.FromSeconds(1);

    /// <summary>A log that has been quiet for this long is looked at half as often; the first event after that may wait a little longer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The least pause: looks may take a twentieth of the time, no more, however slow the server answers.</summary>
    public static TimeSpan Least(TimeSpan lookDuration) => lookDuration * DurationFactor;

    /// <summary>
    /// What a look costs now: the least of the last few. A look is slow for several in a row when it is dear (an open
    /// import), and once when this process was not scheduled; the latter must not silence the feed for seconds.
    /// </summary>
    public static TimeSpan Cost(Queue<TimeSpan> recent, TimeSpan latest)
    {
        recent.Enqueue(latest);
        if (recent.Count > Remembered)
            recent.Dequeue();
        return recent.Min();
    }

    /// <summary>Short while events are in flight or have just been; then doubling up to the idle interval, and in the end to twice that.</summary>
    public static TimeSpan Next(PupOptions options, TimeSpan previous, TimeSpan lookDuration, bool behind, TimeSpan quietFor)
    {
        var wanted = behind || quietFor < Alertness ? options.LookInterval : previous * 2;
        var longest = quietFor < Patience ? options.IdleLookInterval : 2 * options.IdleLookInterval;
        if (wanted > longest)
            wanted = longest;
        if (wanted < options.LookInterval)
            wanted = options.LookInterval;
        var least = Least(lookDuration);
        return wanted < least ? least : wanted;
    }
}
