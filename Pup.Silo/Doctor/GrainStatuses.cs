using Pup.Client;
using Pup.Grains.Coordination;

namespace Pup.Silo.Doctor;

/// <summary>Asks the partitions' grains, and takes silence for an answer.</summary>
internal sealed class GrainStatuses(IGrainFactory grains) : IPartitionStatuses
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<PartitionStatus>> ReadAsync(IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellationToken)
    {
        var asked = partitions.Select(key => AskAsync(key, cancellationToken)).ToList();
        return [.. (await Task.WhenAll(asked)).OfType<PartitionStatus>()];
    }

    private async Task<PartitionStatus?> AskAsync(PartitionKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await grains.GetGrain<IProjectionPartitionGrain>(key.ToString()).GetState().WaitAsync(_patience, cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
