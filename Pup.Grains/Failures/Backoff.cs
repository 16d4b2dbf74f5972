namespace Pup.Grains.Failures;

/// <summary>Pauses between attempts: exponential, capped, with jitter so that many partitions do not come back at once.</summary>
internal static class Backoff
{
    /// <param name="attempt">1 for the pause after the first failure.</param>
    /// <param name="first">Pause after the first failure, before jitter.</param>
    /// <param name="most">Cap, before jitter.</param>
    /// <param name="random">0 ≤ random &lt; 1; gives between half and all of the pause.</param>
    public static TimeSpan Delay(int attempt, TimeSpan first, TimeSpan most, double random)
    {
        var factor = Math.Pow(2, Math.Clamp(attempt - 1, 0, 30));
        var full = Math.Min(first.TotalMilliseconds * factor, most.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + (random / 2)));
    }
}
