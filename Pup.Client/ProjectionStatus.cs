using System.Collections.Immutable;

namespace Pup.Client;

/// <summary>What a projection is doing, as its grain tells it.</summary>
[GenerateSerializer, Immutable, Alias("Pup.ProjectionStatus")]
public sealed record ProjectionStatus
{
    /// <summary>Name of the projection.</summary>
    [Id(0)]
    public required string Projection { get; init; }

    /// <summary>What the operator wants of it: running, paused, rebuilding or needs rebuild.</summary>
    [Id(1)]
    public required string State { get; init; }

    /// <summary>Why it is in this state, when there is a reason beyond an operator's wish.</summary>
    [Id(2)]
    public string? Reason { get; init; }

    /// <summary>Number of partitions.</summary>
    [Id(3)]
    public required int Partitions { get; init; }

    /// <summary>Greatest visible position of the log.</summary>
    [Id(4)]
    public required long LogPosition { get; init; }

    /// <summary>Positions of the checkpoints, by partition; null where a row is missing.</summary>
    [Id(5)]
    public required ImmutableArray<long?> Positions { get; init; }

    /// <summary>Largest number of positions that a partition is behind.</summary>
    public long Lag => Positions.IsEmpty ? LogPosition : Positions.Max(position => Math.Max(0, LogPosition - (position ?? 0)));
}
