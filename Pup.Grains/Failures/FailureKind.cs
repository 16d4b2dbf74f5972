namespace Pup.Grains.Failures;

/// <summary>What an exception out of a batch means for what happens next.</summary>
internal enum FailureKind
{
    /// <summary>Read the checkpoint row again before anything else.</summary>
    FenceInDoubt,

    /// <summary>The database or the way to it: the whole batch again, later.</summary>
    Transient,

    /// <summary>The database lacks what the projection needs, a table or a privilege, whatever the event: stop until it is there, and park nothing.</summary>
    Environment,

    /// <summary>The handler broke the transaction's contract: stop, never retry.</summary>
    TransactionEnded,

    /// <summary>The handler ignores its token and may still be running: stop, a restart of the process ends it.</summary>
    HandlerStuck,

    /// <summary>The event, or the handler's treatment of it.</summary>
    Handler,
}
