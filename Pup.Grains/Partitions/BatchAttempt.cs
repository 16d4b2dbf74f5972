using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>Tries to apply some items and move the checkpoint, in one transaction, and says how it ended.</summary>
internal sealed class BatchAttempt(Engine engine, ProjectionDefinition definition, IProjection projection, Generation generation)
{
    private readonly HandlerInvoker _invoker = new(projection, definition.HandlerTimeout, engine.Options.HandlerGrace, engine.Time);
    private readonly StatementPool _pool = new();
    private readonly TimeSpan _idleTimeout = definition.HandlerTimeout + engine.Options.HandlerGrace;

    /// <param name="fence">What must hold.</param>
    /// <param name="fenceAlone">Whether the fence goes ahead, in a round trip of its own: then a statement that hangs is not the fence.</param>
    /// <param name="items">What to handle.</param>
    /// <param name="bookkeeping">The engine's own statements.</param>
    /// <param name="target">Where the checkpoint moves.</param>
    /// <param name="cancellationToken">Rolls back.</param>
    public async Task<AttemptResult> RunAsync(
        CheckpointFence fence,
        bool fenceAlone,
        IReadOnlyList<WorkItem> items,
        IReadOnlyList<NpgsqlBatchCommand> bookkeeping,
        long target,
        CancellationToken cancellationToken)
    {
        var transaction = new BatchTransaction(generation, engine.Slots, fence, _idleTimeout, definition.HandlerTimeout, _pool);
        try
        {
            if (fenceAlone)
                await transaction.OpenAsync(cancellationToken);
            if (items.Count > 0)
                await _invoker.InvokeAsync(items, transaction, cancellationToken);
            await transaction.CommitAsync(bookkeeping, target, cancellationToken);
            return AttemptResult.Committed;
        }
        catch (Exception exception) when (exception is not GenerationEndedException)
        {
            // Cached documents show what this transaction would have made of them.
            (projection as IBatchProjection)?.Forget();
            cancellationToken.ThrowIfCancellationRequested();
            return ResultOf(exception, transaction);
        }
        finally
        {
            await transaction.DisposeAsync();
        }
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
