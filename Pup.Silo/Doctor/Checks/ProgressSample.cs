using Pup.Client;

namespace Pup.Silo.Doctor.Checks;

/// <summary>The log and all partitions at one moment.</summary>
internal sealed record ProgressSample(long LogEnd, long Mark, IReadOnlyList<PartitionProgress> Partitions, IReadOnlyList<PartitionStatus> Statuses);
