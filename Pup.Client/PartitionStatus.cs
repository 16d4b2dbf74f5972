namespace Pup.Client;

/// <summary>What one partition is doing, as its grain tells it.</summary>
[GenerateSerializer, Immutable, Alias("Pup.PartitionStatus")]
public sealed record PartitionStatus
{
    /// <summary>Name of the projection.</summary>
    [Id(0)]
    public required string Projection { get; init; }

    /// <summary>Index of the partition.</summary>
    [Id(1)]
    public required int Partition { get; init; }

    /// <summary>Starting, running, halted, faulted or left.</summary>
    [Id(2)]
    public required string State { get; init; }

    /// <summary>Why it does not run, or the last trouble; null when all is well.</summary>
    [Id(3)]
    public string? Trouble { get; init; }

    /// <summary>How far the partition has seen the log, as a global position.</summary>
    [Id(4)]
    public required long Position { get; init; }

    /// <summary>
    /// Positions of the log, up to the mark, that the partition has not seen; never below 0. As this silo knows the mark: what came after
    /// <see cref="LookedAt"/> is not in it, nor what an open writer holds back. <see cref="ProjectionStatus.Lag"/> asks the database instead.
    /// Null while the silo has not looked at the log yet, or has not owned the partition.
    /// </summary>
    [Id(15)]
    public long? Lag { get; init; }

    /// <summary>When the silo last looked at the log; null before it did. Long ago means that it cannot read the log, and that <see cref="Lag"/> is as old.</summary>
    [Id(16)]
    public DateTimeOffset? LookedAt { get; init; }

    /// <summary>The epoch of the present ownership.</summary>
    [Id(5)]
    public required long Epoch { get; init; }

    /// <summary>The silo that the partition lives on.</summary>
    [Id(6)]
    public required string Silo { get; init; }

    /// <summary>Events committed since this silo started the partition.</summary>
    [Id(7)]
    public required long Events { get; init; }

    /// <summary>Ordering keys whose events queue behind a failed one.</summary>
    [Id(8)]
    public required int ParkedKeys { get; init; }

    /// <summary>Failed attempts of the handler since this silo started the partition.</summary>
    [Id(9)]
    public required long Failures { get; init; }

    /// <summary>Deadlocks since this silo started the partition.</summary>
    [Id(10)]
    public required long Deadlocks { get; init; }

    /// <summary>When a batch was last committed.</summary>
    [Id(11)]
    public DateTimeOffset? LastCommit { get; init; }

    /// <summary>Time that handlers ran since this silo started the partition; the next batch's may run while one commits.</summary>
    [Id(12)]
    public TimeSpan HandlerTime { get; init; }

    /// <summary>Time spent committing since this silo started the partition.</summary>
    [Id(13)]
    public TimeSpan CommitTime { get; init; }

    /// <summary>Time spent waiting, for events or for its turn to commit, since this silo started the partition.</summary>
    [Id(14)]
    public TimeSpan WaitTime { get; init; }
}
