namespace Pup.Silo.Doctor.Checks;

/// <summary>What the database says of one projection.</summary>
internal sealed record ProjectionFacts
{
    public required string Name { get; init; }

    public required string State { get; init; }

    public string? Reason { get; init; }

    /// <summary>Partitions that stopped, with what they said.</summary>
    public required IReadOnlyList<(int Partition, string Fault)> Faults { get; init; }

    public required long ParkedKeys { get; init; }

    public required long Skipped { get; init; }

    /// <summary>The first error among the dead letters.</summary>
    public string? Error { get; init; }

    /// <summary>Position of the slowest partition, 0 where a row is missing.</summary>
    public required long Position { get; init; }

    public required long LogEnd { get; init; }

    /// <summary>Whether a living silo hosts it.</summary>
    public required bool IsHosted { get; init; }

    /// <summary>Partitions that wait for what the database lacks, with what they said; told by silos only.</summary>
    public IReadOnlyList<(int Partition, string Trouble)> Waiting { get; init; } = [];
}
