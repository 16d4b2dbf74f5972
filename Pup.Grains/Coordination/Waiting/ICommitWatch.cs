using Orleans.Services;

namespace Pup.Grains.Coordination.Waiting;

/// <summary>
/// One per silo: tells when a partition that runs there has come to a position. Not a method of the partition's grain: a grain with
/// a call in hand can neither move nor stop, and somebody always waits.
/// </summary>
[Alias("Pup.ICommitWatch")]
internal interface ICommitWatch : IGrainService
{
    /// <summary>Answers when the partition is done with the log up to there, at once when it does not run here so, and after <paramref name="limit"/>.</summary>
    /// <param name="projection">Name of the projection.</param>
    /// <param name="partition">Index of the partition.</param>
    /// <param name="partitions">How many there are, as far as who asks knows.</param>
    /// <param name="position">The position.</param>
    /// <param name="limit">The longest that an answer may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Why the partition stands still; null when it does not. That it has come anywhere the database must say.</returns>
    [Alias("Passed")]
    Task<string?> PassedAsync(string projection, int partition, int partitions, long position, TimeSpan limit, CancellationToken cancellationToken);
}
