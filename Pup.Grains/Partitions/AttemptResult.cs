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

    public static AttemptResult Of(Exception exception) => exception switch
    {
        HandlerStuckException stuck => new(FailureKind.HandlerStuck, stuck.Item, stuck),
        HandlerException handler => new(FailureClassifier.Classify(handler), handler.Item, handler.InnerException),
        Projections.QueuedStatementException queued => new(FailureClassifier.Classify(queued), queued.Item, queued.InnerException),
        _ => new(FailureClassifier.Classify(exception), -1, exception),
    };
}
