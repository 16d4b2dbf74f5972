namespace Pup.Client.Operations.Status;

/// <summary>What the database says of one projection.</summary>
internal sealed record ProjectionFacts(string Name, IReadOnlyList<PartitionFacts> Partitions)
{
    /// <summary>Where the partition stands that is furthest ahead.</summary>
    public long Furthest { get; } = Partitions.Max(static partition => partition.Position ?? 0);

    /// <summary>As stored: running, paused, rebuilding or needs_rebuild.</summary>
    public required string State { get; init; }

    public string? StateReason { get; init; }

    public DateTimeOffset? RebuildStartedAt { get; init; }

    /// <summary>Null while no rebuild is under way.</summary>
    public long? RebuildTarget { get; init; }

    /// <summary>Greatest visible position of the log, in the same snapshot as the checkpoints.</summary>
    public required long Visible { get; init; }

    public long DeadLetters { get; init; }

    /// <summary>When the oldest event was appended that a partition has not seen.</summary>
    public DateTimeOffset? OldestUnseen { get; init; }
}
