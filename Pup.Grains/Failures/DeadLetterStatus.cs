namespace Pup.Grains.Failures;

/// <summary>Why an event is among the dead letters.</summary>
internal enum DeadLetterStatus
{
    /// <summary>Its handler failed, and its ordering key is parked.</summary>
    Failed,

    /// <summary>It waits behind a failed event of the same ordering key.</summary>
    Queued,

    /// <summary>Its handler failed and the policy passes over it.</summary>
    Skipped,
}
