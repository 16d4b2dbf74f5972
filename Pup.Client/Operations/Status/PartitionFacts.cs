namespace Pup.Client.Operations.Status;

/// <summary>What the database says of one partition.</summary>
internal sealed record PartitionFacts(int Partition)
{
    /// <summary>Where its checkpoint stands; null when there is no row.</summary>
    public long? Position { get; init; }

    /// <summary>Of its present ownership; 0 when Pup never owned it.</summary>
    public long Epoch { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>Why it stopped.</summary>
    public string? Fault { get; init; }

    /// <summary>What the database lacks for it to go on; it tries again by itself.</summary>
    public string? Trouble { get; init; }

    public bool IsForeignWriter { get; init; }

    /// <summary>The silo that took ownership last.</summary>
    public string? Silo { get; init; }

    public int ParkedKeys { get; init; }

    /// <summary>Whether nothing ever ran here, Pup or a worker whose checkpoint was adopted.</summary>
    public bool NeverStarted => Position is null || (Position == 0 && Epoch == 0);
}
