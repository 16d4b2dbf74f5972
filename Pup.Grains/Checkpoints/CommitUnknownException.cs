namespace Pup.Grains.Checkpoints;

/// <summary>COMMIT was sent and its answer is missing or bad: only the checkpoint row can tell whether it happened.</summary>
internal sealed class CommitUnknownException(Exception cause) : Exception("The outcome of COMMIT is unknown.", cause);
