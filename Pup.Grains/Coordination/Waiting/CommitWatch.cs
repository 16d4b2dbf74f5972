using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;

namespace Pup.Grains.Coordination.Waiting;

/// <inheritdoc cref="ICommitWatch"/>
internal sealed class CommitWatch(GrainId id, Silo silo, ILoggerFactory loggers, Engine engine, EventFeed feed) : GrainService(id, silo, loggers), ICommitWatch
{
    public async Task<string?> PassedAsync(
        string projection, int partition, int partitions, long position, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (engine.Runners.Find(new PartitionKey(projection, partition)) is not { } runner)
            return null;
        if (runner.State == PartitionState.Faulted)
            return runner.Journal.Trouble ?? "The partition is faulted.";
        // Who waits has committed: what a NOTIFY would say is known here at no cost to the writers.
        if (feed.Status.Mark < position)
            feed.LookSoon();
        await runner.PassedAsync(partitions, position, limit, cancellationToken);
        return null;
    }
}
