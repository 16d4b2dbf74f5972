namespace Pup.Grains.Checkpoints;

/// <summary>How an attempt to take ownership ended.</summary>
internal abstract record OwnershipResult
{
    private OwnershipResult()
    {
    }

    /// <summary>This owner may run.</summary>
    public sealed record Taken(Ownership Ownership) : OwnershipResult;

    /// <summary>The projection is not to run now: paused, or in need of a rebuild.</summary>
    public sealed record Halted(string State, string? Reason) : OwnershipResult;

    /// <summary>The partition stopped with a fault and waits for an operator's <c>resume</c>.</summary>
    public sealed record Faulted(string Reason) : OwnershipResult;

    /// <summary>The projection has fewer partitions than this one's index, or none at all.</summary>
    public sealed record NoSuchPartition(int Partitions) : OwnershipResult;

    /// <summary>An operator deleted the checkpoint row of a projection that can be reset: a full rebuild is due.</summary>
    public sealed record RowDeleted : OwnershipResult;

    /// <summary>Somebody took the row since this owner last had it.</summary>
    public sealed record TakenByAnother : OwnershipResult;

    /// <summary>Somebody moved the row back while a vector stood in a row of the projection: it needs a rebuild.</summary>
    public sealed record MovedBack : OwnershipResult;
}
