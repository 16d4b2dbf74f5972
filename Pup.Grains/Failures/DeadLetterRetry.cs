using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Grains.Failures;

/// <summary>
/// Works off what operators asked of dead letters, inside the partition's own loop and under its fence: no new event of a key
/// is applied meanwhile, so a key's events stay in order and each is applied once.
/// </summary>
internal sealed class DeadLetterRetry(
    ProjectionDefinition definition,
    Generation generation,
    Ownership ownership,
    OrderingKeys keys,
    SegmentCommitter committer,
    ParkedKeys parked,
    PartitionJournal journal)
{
    private readonly DeadLetterStore _store = new(definition.Name, generation, ownership, keys);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var requests = await _store.ReadRequestsAsync(cancellationToken);
        var parkedKeys = requests.Where(static request => request.Status != DeadLetterStatus.Skipped).Select(static request => request.Key).Distinct().ToList();
        // Else the request would go with the first chunk, and an owner that ends then would leave the rest parked for good.
        foreach (var key in parkedKeys)
            await _store.RequestAllAsync(key, cancellationToken);

        // Discards first: working off a key must not apply what is to be discarded from it.
        foreach (var request in requests.Where(static request => request.Discard))
            Demand(await CommitAsync([], request.Key, [request.Position], cancellationToken));
        foreach (var request in requests.Where(static request => !request.Discard && request.Status == DeadLetterStatus.Skipped))
            await ApplyAsync(request.Key, [request.Position], cancellationToken);
        foreach (var key in parkedKeys)
            await DrainAsync(key, cancellationToken);

        journal.Parked(parked.Count);
    }

    // Chunk by chunk in order; the key is parked until the last chunk is applied, so new events of it queue meanwhile.
    private async Task DrainAsync(string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            var positions = await _store.ReadQueueAsync(key, definition.Limits.Events, cancellationToken);
            if (positions.Count == 0)
            {
                parked.Remove(key);
                return;
            }

            if (!await ApplyAsync(key, positions, cancellationToken))
                return;
        }
    }

    private async Task<bool> ApplyAsync(string key, IReadOnlyList<long> positions, CancellationToken cancellationToken)
    {
        var items = await _store.ReadItemsAsync(key, positions, cancellationToken);
        var start = 0;
        var count = items.Count;
        while (start < items.Count)
        {
            var chunk = items.GetRange(start, count);
            var result = await CommitAsync(chunk, key, chunk.ConvertAll(static item => item.Event.GlobalPosition), cancellationToken);
            if (result.Failure is null)
            {
                start += count;
                count = items.Count - start;
                continue;
            }

            journal.Failed(result.Failure);
            if (result.Failure != FailureKind.Handler)
                Demand(result);
            if (count == 1)
            {
                journal.RetryFailed(chunk[0].Event.GlobalPosition, result.Cause!);
                await _store.FailedAgainAsync(key, chunk[0].Event.GlobalPosition, result.Cause!, cancellationToken);
                return false;
            }

            // First what comes before the culprit, or, where that is not known, one by one.
            count = result.Item > 0 ? result.Item : 1;
        }

        return true;
    }

    private void Demand(AttemptResult result)
    {
        if (result.Failure == FailureKind.Transient)
            throw new NpgsqlException($"Retrying dead letters of '{definition.Name}' was interrupted.", result.Cause);
        if (result.Failure == FailureKind.Environment)
            throw new WorkerStoppedException(new WorkerOutcome.Lacking(EnvironmentFailure.Explain(result.Cause!, definition.Name, ownership.Partition, committer.Stored)));
        if (result.Failure is not null)
            throw new WorkerStoppedException(new WorkerOutcome.Faulted($"Projection '{definition.Name}' partition {ownership.Partition} stopped while retrying dead letters: {result.Cause!.Message}"));
    }

    private Task<AttemptResult> CommitAsync(IReadOnlyList<WorkItem> items, string key, IReadOnlyList<long> done, CancellationToken cancellationToken) =>
        committer.CommitInPlaceAsync(items, [DeadLetterCommands.Delete(definition.Name, key, done)], cancellationToken);
}
