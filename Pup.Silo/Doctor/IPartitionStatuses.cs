using Pup.Client;
using Pup.Grains.Coordination;

namespace Pup.Silo.Doctor;

/// <summary>What silos tell of partitions: time shares and counters, which no table has.</summary>
internal interface IPartitionStatuses
{
    /// <returns>The statuses that could be had; none where no silo answers.</returns>
    Task<IReadOnlyList<PartitionStatus>> ReadAsync(IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellationToken);
}
