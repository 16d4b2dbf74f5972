using Pup.Client.Events;

namespace Pup.Client.Operations;

/// <summary>
/// Asks for lag and status of projections, and operates them: on the cluster itself, or over HTTP. Calls are tried again while silos
/// come and go; questions are answered from the database when no silo is up.
/// </summary>
public interface IProjectionClient
{
    /// <summary>All projections, by name.</summary>
    Task<IReadOnlyList<ProjectionReport>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>One projection.</summary>
    /// <exception cref="ProjectionNotFoundException">There is none of that name.</exception>
    Task<ProjectionReport> GetAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>
    /// Empties the read model and applies the log again from the start; yields progress until every partition has caught up with where
    /// the log stood. The rebuild goes on when the enumeration is left.
    /// </summary>
    /// <exception cref="ProjectionRefusedException">It cannot be reset; nothing was changed.</exception>
    IAsyncEnumerable<RebuildProgress> RebuildAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Gives a rebuild up. The read model is incomplete then, so the projection needs another rebuild before it runs.</summary>
    /// <exception cref="ProjectionRefusedException">No rebuild is running.</exception>
    Task CancelRebuildAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Stops the projection, also across restarts, until <see cref="ResumeAsync"/>.</summary>
    Task PauseAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Lets a paused or faulted projection run again.</summary>
    Task ResumeAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Makes every partition start anew from its checkpoint.</summary>
    Task RestartAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Gives the projection another number of partitions while it runs.</summary>
    /// <param name="projection">Its name.</param>
    /// <param name="partitions">From 1 to 10,000.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    /// <exception cref="ProjectionRefusedException">The projection needs a rebuild first.</exception>
    Task RepartitionAsync(string projection, int partitions, CancellationToken cancellationToken = default);

    /// <summary>Yields how far the projection is, until every partition has applied what the log holds now.</summary>
    IAsyncEnumerable<ProjectionReport> CatchUpAsync(string projection, CancellationToken cancellationToken = default);

    /// <summary>Dead letters of a projection, in the order in which they became that.</summary>
    Task<IReadOnlyList<DeadLetterSummary>> ListDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default);

    /// <summary>One dead letter with its event's payload; null if it is gone.</summary>
    Task<DeadLetterDetails?> FindDeadLetterAsync(string projection, long id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Asks the owners to apply dead letters again: exactly once, in order, and with a parked event all that queues behind it.
    /// </summary>
    /// <returns>How many were asked for.</returns>
    Task<long> RetryDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Asks the owners to drop dead letters: their events will never be applied.</summary>
    /// <returns>How many were asked for.</returns>
    Task<long> DiscardDeadLettersAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until a projection's read model shows an append. Never early; a timeout is an answer (<see cref="WaitOutcome.TimedOut"/>), not
    /// an exception.
    /// </summary>
    Task<WaitResult> WaitForAsync(string projection, AppendResult appended, TimeSpan timeout, CancellationToken cancellationToken = default);
}
