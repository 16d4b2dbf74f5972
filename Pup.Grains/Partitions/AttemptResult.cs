using Pup.Grains.Failures;

namespace Pup.Grains.Partitions;

/// <summary>How one transaction's worth of work ended; no failure means that it is committed.</summary>
/// <param name="Failure">What the failure means, or null.</param>
/// <param name="Item">Index among the handled items of the one that failed; -1 when unknown.</param>
/// <param name="Cause">The exception as the handler or the database raised it.</param>
internal readonly record struct AttemptResult(FailureKind? Failure, int Item, Exception? Cause)
{
    public static AttemptResult Committed => new(null, -1, null);

    /// <summary>What was to be done had been committed by an earlier attempt whose answer was lost.</summary>
    public static AttemptResult CommittedEarlier => new(null, -1, null) { IsEarlier = true };

    public bool IsEarlier { get; private init; }

    /// <summary>Nothing came back in time, and it is not known from what: the fence, or what the handler queued.</summary>
    public bool IsTimeout { get; init; }

    /// <summary>A statement of the handler's took too long.</summary>
    public static AttemptResult Slow(Exception exception, TimeSpan timeout)
    {
        var item = exception switch
        {
            HandlerException handler => handler.Item,
            Projections.QueuedStatementException queued => queued.Item,
            _ => -1,
        };
        return new(FailureKind.Handler, item, new TimeoutException(
            $"A statement of the handler was ended because it took too long (HandlerTimeout is {timeout.TotalSeconds:0.#} s). "
            + "Look for a slow query, or for a session that keeps rows of the read model locked (pg_locks).", exception));
    }

    public static AttemptResult Of(Exception exception) => exception switch
    {
        HandlerStuckException stuck => new(FailureKind.HandlerStuck, stuck.Item, stuck),
        HandlerException handler => new(FailureClassifier.Classify(handler), handler.Item, handler.InnerException),
        Projections.QueuedStatementException queued => new(FailureClassifier.Classify(queued), queued.Item, queued.InnerException),
        _ => new(FailureClassifier.Classify(exception), -1, exception),
    };
}
