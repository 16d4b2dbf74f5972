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

    public async Task<AttemptResult> RunAsync(
        CheckpointFence fence, IReadOnlyList<WorkItem> items, IReadOnlyList<NpgsqlBatchCommand> bookkeeping, long target, CancellationToken cancellationToken)
    {
        var transaction = new BatchTransaction(generation, engine.Slots, fence, _idleTimeout, _pool);
        try
        {
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
            return AttemptResult.Of(exception is not (CommitUnknownException or FenceLostException) && transaction.EndedByHandler ? new TransactionEndedException() : exception);
        }
        finally
        {
            await transaction.DisposeAsync();
        }
    }
}
