namespace Pup.Client.Operations.Cluster;

/// <summary>The cluster of the silo (or of the application's own Orleans client) in this very process.</summary>
internal sealed class HostedCluster(IGrainFactory grains, string clusterId) : IClusterAccess
{
    public string ClusterId => clusterId;

    public ValueTask<IGrainFactory> GrainsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(grains);
}
