using Pup.Client;
using Pup.Client.Operations.Cluster;
using Pup.Grains.Coordination;

namespace Pup.Silo.Doctor;

/// <summary>Asks the partitions' grains, and takes silence for an answer.</summary>
internal sealed class GrainStatuses(IClusterAccess cluster) : IPartitionStatuses
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private bool _isSilent;

    public async Task<IReadOnlyList<PartitionStatus>> ReadAsync(IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellationToken)
    {
        if (_isSilent || partitions.Count == 0)
            return [];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_patience);
        try
        {
            var grains = await cluster.GrainsAsync(limit.Token);
            return [.. (await Task.WhenAll(partitions.Select(key => AskAsync(grains, key, limit.Token)))).OfType<PartitionStatus>()];
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, it is waited for once.
            _isSilent = true;
            return [];
        }
    }

    private static async Task<PartitionStatus?> AskAsync(IGrainFactory grains, PartitionKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await grains.GetGrain<IProjectionPartitionGrain>(key.ToString()).GetState().WaitAsync(cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
