namespace Pup.Client.Operations;

/// <summary>What of an append one partition has to apply, and how that partition stands, as the database shows both at one moment.</summary>
/// <param name="Position">Position of the event; of the append's last event where the ordering keys are not known.</param>
/// <param name="Hash">Hash of the ordering key; null where it is not known, so that any partition may own it.</param>
/// <param name="Partition">The partition that owns the key now.</param>
internal sealed record AppendShare(long Position, uint? Hash, int Partition)
{
    /// <summary>Position of the partition's checkpoint; null when it has none.</summary>
    public long? Stored { get; init; }

    /// <summary>The checkpoint's column <c>applied</c>.</summary>
    public string? Applied { get; init; }

    /// <summary>Why the partition stopped.</summary>
    public string? Fault { get; init; }

    /// <summary>The silo that owned the partition last.</summary>
    public string? Silo { get; init; }

    /// <summary>Whether the checkpoint has passed the event.</summary>
    public bool IsPassed => Stored >= Position;
}
