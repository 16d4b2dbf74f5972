using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;

namespace Pup.Grains.Partitions;

/// <summary>
/// Commits one segment under the fence and settles every doubt about it: what it returns is what the checkpoint row says.
/// </summary>
internal sealed class SegmentCommitter(Engine engine, BatchAttempt attempt, Generation generation, CheckpointProgress progress, PartitionJournal journal)
{
    /// <summary>The position that the row has.</summary>
    public long Stored => progress.Stored;

    /// <summary>Whether the fence goes ahead of each segment, since something took too long and must be told from it.</summary>
    public bool FenceAlone { get; set; }

    /// <returns>Never <see cref="FailureKind.FenceInDoubt"/>; after a failure the row may still have moved, see <see cref="Stored"/>.</returns>
    /// <exception cref="WorkerStoppedException">The partition is not this owner's any more, or a foreign writer moved it.</exception>
    public Task<AttemptResult> CommitAsync(
        IReadOnlyList<WorkItem> items, IReadOnlyList<NpgsqlBatchCommand> bookkeeping, long target, Task<EventBatch>? next, CancellationToken cancellationToken) =>
        CommitAsync(items, bookkeeping, (long?)target, next, cancellationToken);

    /// <summary>As above for work that leaves the checkpoint where it is: the move only proves that nobody else moves it.</summary>
    public Task<AttemptResult> CommitInPlaceAsync(
        IReadOnlyList<WorkItem> items, IReadOnlyList<NpgsqlBatchCommand> bookkeeping, CancellationToken cancellationToken) =>
        CommitAsync(items, bookkeeping, null, null, cancellationToken);

    private async Task<AttemptResult> CommitAsync(
        IReadOnlyList<WorkItem> items, IReadOnlyList<NpgsqlBatchCommand> bookkeeping, long? wanted, Task<EventBatch>? next, CancellationToken cancellationToken)
    {
        try
        {
            if (!await progress.HoldAsync())
                await ReadAgainAsync(cancellationToken);

            // Only now is it known where the row stands. A COMMIT that was in doubt may have arrived after it was asked about,
            // and the same items under a fence at their own end would be applied a second time.
            var before = progress.Stored;
            if (wanted <= before)
                return AttemptResult.CommittedEarlier;
            if (wanted is not null && items.Count > 0 && items[0].Event.GlobalPosition <= before)
                throw new InvalidOperationException($"Items up to position {before} are applied already and must not be handled again.");
            var target = wanted ?? before;
            var fence = new CheckpointFence(progress.Row, progress.Epoch, before, generation.Key) { Applied = progress.Applied };
            var started = engine.Time.GetTimestamp();
            var result = await attempt.RunAsync(fence, FenceAlone || wanted is null, items, bookkeeping, target, next, cancellationToken);
            if (result.Failure is null)
                progress.Committed(target);
            else if (result.Failure == FailureKind.FenceInDoubt)
                result = await SettleAsync(result.Cause!, before, target, cancellationToken);
            if (result is { Failure: null, IsEarlier: false })
                journal.Committed(items, target, engine.Time.GetElapsedTime(started));
            return result;
        }
        finally
        {
            progress.Release();
        }
    }

    /// <summary>Makes sure that the row is still this owner's.</summary>
    /// <exception cref="WorkerStoppedException">It is not.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Held, so that a position which the skip writer is just writing is not taken for somebody else's.
            await progress.HoldAsync();
            await ReadAgainAsync(cancellationToken);
        }
        finally
        {
            progress.Release();
        }
    }

    private async Task<AttemptResult> SettleAsync(Exception cause, long before, long target, CancellationToken cancellationToken)
    {
        var own = cause is CommitUnknownException && progress.MayHaveMovedTo(target);
        journal.FenceInDoubt(cause);
        await ReadAgainAsync(cancellationToken);
        if (progress.Stored != before && progress.Stored >= target)
            return own && progress.Stored == target ? AttemptResult.Committed : AttemptResult.CommittedEarlier;

        // The row stands where it stood. A refused COMMIT (a deferred constraint) is the batch's own failure, all else passes.
        var kind = cause is CommitUnknownException { InnerException: { } inner } ? FailureClassifier.Classify(inner) : FailureKind.Transient;
        return new AttemptResult(kind, -1, cause.InnerException ?? cause);
    }

    private async Task ReadAgainAsync(CancellationToken cancellationToken)
    {
        var row = await CheckpointReader.ReadAsync(generation, progress.Row, cancellationToken);
        if (row is null)
            throw new WorkerStoppedException(new WorkerOutcome.RowMissing());
        if (row.Value.Epoch != progress.Epoch)
            throw new WorkerStoppedException(new WorkerOutcome.OwnershipLost());
        var expected = progress.Stored;
        if (!progress.TryAdopt(row.Value.Position))
            throw new WorkerStoppedException(new WorkerOutcome.ForeignWriter(expected, row.Value.Position));
    }
}
