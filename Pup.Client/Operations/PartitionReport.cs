namespace Pup.Client.Operations;

/// <summary>What one partition of a projection is doing.</summary>
public sealed record PartitionReport
{
    /// <summary>Its index.</summary>
    public required int Partition { get; init; }

    /// <summary>How it fares.</summary>
    public required ProjectionCondition Condition { get; init; }

    /// <summary>Why it does not run, or its last trouble; null when all is well.</summary>
    public string? Reason { get; init; }

    /// <summary>How far it has seen the log; null when it has no checkpoint.</summary>
    public long? Position { get; init; }

    /// <summary>Greatest visible position less its own, never negative.</summary>
    public required long Lag { get; init; }

    /// <summary>When its checkpoint was last written.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>The silo that owned it last; null when nobody did, or when that silo is gone.</summary>
    public string? Silo { get; init; }

    /// <summary>Ordering keys whose events queue behind a failed one.</summary>
    public required int ParkedKeys { get; init; }
}
