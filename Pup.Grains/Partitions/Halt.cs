namespace Pup.Grains.Partitions;

/// <summary>Why a partition does not run, as it read it; it looks again when the database says otherwise.</summary>
/// <param name="Projection">Name of the projection.</param>
/// <param name="Partition">Index of the partition.</param>
/// <param name="State">State of the projection; null for a fault.</param>
/// <param name="Reason">Reason of that state, if it has one.</param>
/// <param name="IsFault">Whether the partition itself is faulted.</param>
internal sealed record Halt(string Projection, int Partition, string? State, string? Reason, bool IsFault);
