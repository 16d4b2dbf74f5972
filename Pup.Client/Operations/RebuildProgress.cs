namespace Pup.Client.Operations;

/// <summary>How far a rebuild is.</summary>
/// <param name="Applied">Positions that are done, over all partitions.</param>
/// <param name="Total">Positions to do, over all partitions: partitions × where the log stood when the rebuild began.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Remaining">Estimate of the time left; null while there is nothing to estimate from.</param>
/// <param name="IsDone">Whether every partition has reached the target.</param>
public sealed record RebuildProgress(long Applied, long Total, DateTimeOffset StartedAt, TimeSpan? Remaining, bool IsDone)
{
    /// <summary>From 0 to 1.</summary>
    public double Share => Total == 0 ? 1 : Math.Min(1, (double)Applied / Total);
}
