using Orleans.Concurrency;
using Pup.Client.Operations;

namespace Pup.Client;

/// <summary>Speaks for all partitions of one projection; the key is the projection's name.</summary>
[Alias("Pup.IProjectionGrain")]
public interface IProjectionGrain : IGrainWithStringKey
{
    /// <summary>Starts every partition that is not running.</summary>
    [Alias("EnsureRunning")]
    Task EnsureRunningAsync(CancellationToken cancellationToken = default);

    /// <summary>Stops the projection, also across restarts, until <see cref="ResumeAsync"/>.</summary>
    [Alias("Pause")]
    Task PauseAsync(CancellationToken cancellationToken = default);

    /// <summary>Lets a paused or faulted projection run again.</summary>
    [Alias("Resume")]
    Task ResumeAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes every partition start anew from its checkpoint.</summary>
    [Alias("Restart")]
    Task RestartAsync(CancellationToken cancellationToken = default);

    /// <summary>Empties the read model and applies the log again from the start.</summary>
    /// <exception cref="ProjectionRefusedException">The projection cannot be reset; nothing was changed.</exception>
    [Alias("Rebuild"), ResponseTimeout("00:05:00")]
    Task RebuildAsync(CancellationToken cancellationToken = default);

    /// <summary>Gives a rebuild up; the projection needs another one before it runs.</summary>
    /// <exception cref="ProjectionRefusedException">No rebuild is running.</exception>
    [Alias("CancelRebuild")]
    Task CancelRebuildAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives the projection another number of partitions while it runs: exact, and without draining. The number stands until another
    /// one is configured.
    /// </summary>
    /// <param name="partitions">From 1 to 10,000.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such number is possible.</exception>
    /// <exception cref="ProjectionRefusedException">The projection needs a rebuild first; the number was not changed.</exception>
    [Alias("Repartition"), ResponseTimeout("00:05:00")]
    Task RepartitionAsync(int partitions, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until the read model shows the events at these positions; never says so early. Holds up no other call. Who wants to wait
    /// for longer than an answer may take asks again.
    /// </summary>
    /// <param name="positions">Positions of the events, as their append gave them.</param>
    /// <param name="limit">How long to wait, 10 s at most; zero looks once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ProjectionNotFoundException">There is no such projection.</exception>
    [Alias("WaitFor"), AlwaysInterleave]
    Task<WaitResult> WaitForAsync(long[] positions, TimeSpan limit, CancellationToken cancellationToken = default);

    /// <summary>Has dead letters applied again by the partitions that own them.</summary>
    /// <returns>How many.</returns>
    [Alias("RetryDeadLetters")]
    Task<long> RetryDeadLettersAsync(DeadLetterFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Has dead letters dropped by the partitions that own them.</summary>
    /// <returns>How many.</returns>
    [Alias("DiscardDeadLetters")]
    Task<long> DiscardDeadLettersAsync(DeadLetterFilter filter, CancellationToken cancellationToken = default);

    /// <summary>What the projection is doing. (The dashboard looks this method up by its name.)</summary>
    [Alias("GetState")]
    Task<ProjectionStatus> GetState();
}
