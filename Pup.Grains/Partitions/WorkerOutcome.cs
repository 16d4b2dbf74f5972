using Pup.Client.Events;

namespace Pup.Grains.Partitions;

/// <summary>Why a worker stopped.</summary>
internal abstract record WorkerOutcome
{
    private WorkerOutcome()
    {
    }

    /// <summary>The feed's generation is over: take ownership anew under the next one.</summary>
    public sealed record GenerationEnded : WorkerOutcome;

    /// <summary>Somebody else owns the partition now: leave quietly, and never bump the epoch back by itself.</summary>
    public sealed record OwnershipLost : WorkerOutcome;

    /// <summary>An operation on the projection set a new epoch and told the partition: take ownership anew.</summary>
    public sealed record Superseded : WorkerOutcome;

    /// <summary>The checkpoint row is gone: find out by taking ownership anew.</summary>
    public sealed record RowMissing : WorkerOutcome;

    /// <summary>The partition must not go on before an operator says <c>resume</c>.</summary>
    public sealed record Faulted(string Reason) : WorkerOutcome
    {
        /// <summary>The event that stopped it, if it was one.</summary>
        public PersistedEvent? Event { get; init; }

        /// <summary>What its handler threw, or what the database said to what it had queued.</summary>
        public Exception? Cause { get; init; }
    }

    /// <summary>The database lacks what the projection needs: wait for it, and try again.</summary>
    public sealed record Lacking(string Reason) : WorkerOutcome;

    /// <summary>Something that is not Pup moved the checkpoint, under this very epoch.</summary>
    public sealed record ForeignWriter(long Expected, long Found) : WorkerOutcome;
}
