namespace Pup.Client;

/// <summary>One partition of a projection; the key is <c>orders/3</c>. Alive on exactly one silo, save for seconds around a failure.</summary>
[Alias("Pup.IProjectionPartitionGrain")]
public interface IProjectionPartitionGrain : IGrainWithStringKey
{
    /// <summary>Starts the partition if it is not running, and sees to its reminder.</summary>
    [Alias("EnsureRunning")]
    Task EnsureRunningAsync(CancellationToken cancellationToken = default);

    /// <summary>Lets the partition look again whether it may run, and what was asked of its dead letters.</summary>
    [Alias("Wake")]
    Task WakeAsync(CancellationToken cancellationToken = default);

    /// <summary>What the partition is doing. (The dashboard looks this method up by its name.)</summary>
    [Alias("GetState")]
    Task<PartitionStatus> GetState();
}
