using Orleans.Runtime;
using Orleans.Runtime.Services;
using Pup.Client.Operations;

namespace Pup.Grains.Coordination.Waiting;

/// <summary>Asks the silos that own partitions how far those have come.</summary>
internal sealed class CommitWatches(IServiceProvider services, TimeProvider time) : GrainServiceClient<ICommitWatch>(services)
{
    // A silo that was killed is believed to live for a while, and does not answer.
    private static readonly TimeSpan _grace = TimeSpan.FromMilliseconds(500);

    /// <summary>Ends when it is worth looking again. A hint: whatever goes wrong on the way means no more than that.</summary>
    /// <returns>Why the partition stands still; null when it does not.</returns>
    public async Task<string?> PassedAsync(string projection, AppendShare share, int partitions, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (share.Silo is not { } owner)
            return null;
        using var late = new CancellationTokenSource(limit + _grace, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await GetGrainService(SiloAddress.FromParsableString(owner))
                .PassedAsync(projection, share.Partition, partitions, share.Position, limit, either.Token)
                .WaitAsync(either.Token);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
