namespace Pup.Client.Operations.Cluster;

/// <summary>The way to the silos: through the one in this process, or from outside.</summary>
internal interface IClusterAccess
{
    /// <summary>The cluster's id, by which its silos are known in the membership table.</summary>
    string ClusterId { get; }

    /// <summary>Grains, once there is a connection. Waits until then.</summary>
    ValueTask<IGrainFactory> GrainsAsync(CancellationToken cancellationToken);
}
