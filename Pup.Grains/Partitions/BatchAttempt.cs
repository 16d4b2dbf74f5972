using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>
/// Tries to apply some items and move the checkpoint, in one transaction, and says how it ended. While one batch commits, the
/// handlers of the next may run ahead: what they queued is used only if that commit succeeds and the very same work comes next.
/// </summary>
internal sealed class BatchAttempt(Engine engine, ProjectionDefinition definition, IProjection projection, Generation generation)
{
    private readonly HandlerInvoker _invoker = new(projection, definition.HandlerTimeout, engine.Options.HandlerGrace, engine.Time);
    private readonly TimeSpan _idleTimeout = definition.HandlerTimeout + engine.Options.HandlerGrace;

    // Two, taken in turn: one takes commands back from the transaction that commits while handlers queue into the next.
    private readonly StatementPool[] _pools = [new(), new()];
    private int _runs;
    private HandlerRun? _ahead;

    /// <param name="fence">Where the checkpoint must stand.</param>
    /// <param name="items">What the handlers are given.</param>
    /// <param name="bookkeeping">The engine's own commands.</param>
    /// <param name="target">Where the checkpoint moves.</param>
    /// <param name="next">Gives the batch that comes next, if it is known and nothing but this commit stands before it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<AttemptResult> RunAsync(
        CheckpointFence fence, IReadOnlyList<WorkItem> items, IReadOnlyList<NpgsqlBatchCommand> bookkeeping, long target,
        Func<EventBatch?> next, CancellationToken cancellationToken)
    {
        HandlerRun? run = null;
        try
        {
            run = await TakeAheadAsync(fence, items) ?? Start(items, fence, cancellationToken);
            run.TakeTurn();
            await run.Handled;
            await run.Transaction.BeginAsync(cancellationToken);
            var committing = run.Transaction.CommitAsync(bookkeeping, target, cancellationToken).AsTask();
            if (next() is { Items.Count: > 0 } batch)
                _ahead = Start(batch.Items, fence with { Position = target }, cancellationToken);
            await committing;
            return AttemptResult.Committed;
        }
        catch (Exception exception) when (exception is not GenerationEndedException)
        {
            // First, since it uses the same projection.
            var stuck = await DiscardAheadAsync();
            // Cached documents show what this transaction would have made of them.
            (projection as IBatchProjection)?.Forget();
            cancellationToken.ThrowIfCancellationRequested();
            var endedByHandler = exception is not (CommitUnknownException or FenceLostException) && run?.Transaction.EndedByHandler == true;
            return AttemptResult.Of(stuck ?? (endedByHandler ? new TransactionEndedException() : exception));
        }
        finally
        {
            if (run is not null)
                await run.DisposeAsync();
        }
    }

    /// <summary>Lets go of what ran ahead.</summary>
    public async ValueTask StopAsync() => await DiscardAheadAsync();

    private HandlerRun Start(IReadOnlyList<WorkItem> items, CheckpointFence fence, CancellationToken cancellationToken)
    {
        var pool = _pools[_runs++ % _pools.Length];
        return new HandlerRun(
            _invoker, items, fence, (own, turn) => new BatchTransaction(generation, engine.Slots, own, _idleTimeout, pool, turn), cancellationToken);
    }

    // Foreseen is not yet happened: a retry of dead letters, a batch cut around a failure, a batch read anew come first.
    private async ValueTask<HandlerRun?> TakeAheadAsync(CheckpointFence fence, IReadOnlyList<WorkItem> items)
    {
        if (_ahead is { } ahead && ReferenceEquals(ahead.Items, items) && ahead.Fence == fence)
        {
            _ahead = null;
            return ahead;
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
}
