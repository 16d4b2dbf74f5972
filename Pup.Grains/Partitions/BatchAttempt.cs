using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Grains.Telemetry;

namespace Pup.Grains.Partitions;

/// <summary>
/// Tries to apply some items and move the checkpoint, in one transaction, and says how it ended. While one batch commits, the
/// handlers of the next may run ahead: what they queued is used only if that commit succeeds and the very same work comes next.
/// </summary>
internal sealed class BatchAttempt(Engine engine, ProjectionDefinition definition, IProjection projection, Generation generation, BatchSpans spans, WorkTimes times)
{
    private readonly HandlerInvoker _invoker = new(projection, definition.HandlerTimeout, engine.Options.HandlerGrace, engine.Time, times);
    private readonly SlotShare _share = engine.Slots.ShareOf(definition.Name);
    private readonly TimeSpan _idleTimeout = definition.HandlerTimeout + engine.Options.HandlerGrace;

    // Two, taken in turn: one takes commands back from the transaction that commits while handlers queue into the next.
    private readonly StatementPool[] _pools = [new(), new()];
    private int _runs;
    private HandlerRun? _ahead;

    /// <param name="fence">What must hold.</param>
    /// <param name="fenceAlone">Whether the fence goes ahead, in a round trip of its own: then a statement that hangs is not the fence.</param>
    /// <param name="items">What to handle.</param>
    /// <param name="bookkeeping">The engine's own statements.</param>
    /// <param name="target">Where the checkpoint moves.</param>
    /// <param name="next">The batch that comes next, when it has been read; null unless nothing but this commit stands before it.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    public async Task<AttemptResult> RunAsync(
        CheckpointFence fence,
        bool fenceAlone,
        IReadOnlyList<WorkItem> items,
        IReadOnlyList<NpgsqlBatchCommand> bookkeeping,
        long target,
        Task<EventBatch>? next,
        CancellationToken cancellationToken)
    {
        HandlerRun? run = null;
        try
        {
            run = await TakeAheadAsync(fence, items);
            if (run is null)
            {
                run = NewRun(items, fence, cancellationToken);
                run.TakeTurn();
                if (fenceAlone)
                    await run.Transaction.OpenAsync(cancellationToken);
                run.Start(_invoker);
            }

            await run.Handled;
            using (times.Measure(WorkPart.Wait))
                await run.Transaction.BeginAsync(cancellationToken);
            using (times.Measure(WorkPart.Commit))
            {
                var committing = run.Transaction.CommitAsync(bookkeeping, target, cancellationToken).AsTask();
                await RunAheadAsync(next, committing, fence with { Position = target }, cancellationToken);
                await committing;
            }

            if (_ahead is { } ahead)
                run.Transaction.HandOver(ahead.Transaction);
            return AttemptResult.Committed;
        }
        catch (Exception exception) when (exception is not GenerationEndedException)
        {
            var result = run is null ? AttemptResult.Of(exception) : ResultOf(exception, run.Transaction);
            // Before anything is waited for: others may want the slot.
            if (run is not null)
                await run.Transaction.DisposeAsync();
            // Before documents are forgotten, since it uses the same projection.
            var stuck = await DiscardAheadAsync();
            // Cached documents show what this transaction would have made of them.
            (projection as IBatchProjection)?.Forget();
            cancellationToken.ThrowIfCancellationRequested();
            return stuck is null ? result : AttemptResult.Of(stuck);
        }
        finally
        {
            if (run is not null)
                await run.DisposeAsync();
        }
    }

    /// <summary>Lets go of what ran ahead.</summary>
    public async ValueTask StopAsync() => await DiscardAheadAsync();

    private HandlerRun NewRun(IReadOnlyList<WorkItem> items, CheckpointFence fence, CancellationToken cancellationToken)
    {
        var pool = _pools[_runs++ % _pools.Length];
        return new HandlerRun(
            items,
            fence,
            (own, turn, stopping) => new BatchTransaction(
                new BatchSession(generation, engine.Slots, _share, turn, stopping), own, _idleTimeout, definition.HandlerTimeout, pool),
            cancellationToken);
    }

    private async Task RunAheadAsync(Task<EventBatch>? reading, Task committing, CheckpointFence fence, CancellationToken cancellationToken)
    {
        // A batch that is read before the answer is there comes in time.
        if (reading is null || (!reading.IsCompleted && await Task.WhenAny(reading, committing) != reading))
            return;
        if (!reading.IsCompletedSuccessfully || reading.Result is not { Items.Count: > 0 } next)
            return;
        _ahead = NewRun(next.Items, fence, cancellationToken);
        using var span = spans.RunAhead(next);
        _ahead.Start(_invoker);
    }

    // Foreseen is not yet happened: a retry of dead letters, a batch cut around a failure, a batch read anew come first.
    private async ValueTask<HandlerRun?> TakeAheadAsync(CheckpointFence fence, IReadOnlyList<WorkItem> items)
    {
        if (_ahead is { } ahead && ReferenceEquals(ahead.Items, items) && ahead.Fence == fence)
        {
            ahead.TakeTurn();
            await ahead.Handled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ahead.Handled.IsCompletedSuccessfully)
            {
                _ahead = null;
                return ahead;
            }

            // What failed ahead proves nothing: it ran before the batch in front of it was committed.
        }

        if (_ahead is null)
            return null;
        if (await DiscardAheadAsync() is { } stuck)
            throw stuck;
        (projection as IBatchProjection)?.Forget();
        return null;
    }

    /// <returns>Not null when a handler still runs in spite of everything: the projection must not be called any more.</returns>
    private async ValueTask<HandlerStuckException?> DiscardAheadAsync()
    {
        if (_ahead is not { } ahead)
            return null;
        _ahead = null;
        await ahead.DisposeAsync();
        return ahead.Handled.Exception?.InnerException is HandlerStuckException ? new HandlerStuckException(-1, engine.Options.HandlerGrace) : null;
    }

    private AttemptResult ResultOf(Exception exception, BatchTransaction transaction)
    {
        if (exception is CommitUnknownException or FenceLostException)
            return AttemptResult.Of(exception);
        if (transaction.EndedByHandler)
            return AttemptResult.Of(new TransactionEndedException());
        if (!transaction.IsOpen || !FailureClassifier.IsStatementTimeout(exception))
            return AttemptResult.Of(exception);
        // The server names the statement that it ended; a wait that was ended from here may have been for the fence.
        return transaction.IsFenced || exception is QueuedStatementException
            ? AttemptResult.Slow(exception, definition.HandlerTimeout)
            : AttemptResult.Of(exception) with { IsTimeout = true };
    }
}
