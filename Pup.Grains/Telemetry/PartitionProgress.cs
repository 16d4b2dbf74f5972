namespace Pup.Grains.Telemetry;

/// <summary>How far a partition is, by the database alone: it need not run anywhere.</summary>
/// <param name="Partition">Its index.</param>
/// <param name="Position">Its checkpoint; null if it has none.</param>
/// <param name="Owner">The silo that took ownership last, living or not; null if none did.</param>
/// <param name="IsFaulted">Whether a fault stopped it.</param>
/// <param name="OldestAge">Age of the oldest event above its position, by the database's clock; null if there is none.</param>
internal readonly record struct PartitionProgress(int Partition, long? Position, string? Owner, bool IsFaulted, TimeSpan? OldestAge);
