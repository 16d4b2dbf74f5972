namespace Pup.Client.Operations;

/// <summary>What a projection is doing.</summary>
public sealed record ProjectionReport
{
    /// <summary>Its name.</summary>
    public required string Projection { get; init; }

    /// <summary>How it fares.</summary>
    public required ProjectionCondition Condition { get; init; }

    /// <summary>Why, and what to do, where there is something to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether a living silo hosts it, and so takes over what another one leaves; null when that cannot be seen.</summary>
    public bool? IsHosted { get; init; }

    /// <summary>Greatest visible position of the log when this was asked.</summary>
    public required long LogPosition { get; init; }

    /// <summary>Largest lag of a partition, in positions.</summary>
    public required long Lag { get; init; }

    /// <summary>Age of the oldest event that a partition has not seen; null when there is none.</summary>
    public TimeSpan? LagAge { get; init; }

    /// <summary>How long the mark has been held back; null while it is not.</summary>
    public TimeSpan? MarkAge { get; init; }

    /// <summary>Ordering keys whose events queue behind a failed one.</summary>
    public required int ParkedKeys { get; init; }

    /// <summary>Dead letters, of whatever status.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>A rebuild that is running.</summary>
    public RebuildProgress? Rebuild { get; init; }

    /// <summary>Its partitions, in order.</summary>
    public required IReadOnlyList<PartitionReport> Partitions { get; init; }
}
