using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>The handlers of one batch at work, and the transaction they queue into.</summary>
internal sealed class HandlerRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly TaskCompletionSource _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="invoker">Calls the handlers.</param>
    /// <param name="items">What they are to handle.</param>
    /// <param name="fence">The fence of their transaction.</param>
    /// <param name="begin">Makes the transaction; it must not reach the database before the task it is given has ended.</param>
    /// <param name="cancellationToken">Stops the handlers.</param>
    public HandlerRun(
        HandlerInvoker invoker, IReadOnlyList<WorkItem> items, CheckpointFence fence, Func<CheckpointFence, Task, BatchTransaction> begin, CancellationToken cancellationToken)
    {
        (Items, Fence) = (items, fence);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Transaction = begin(fence, _turn.Task);
        Handled = items.Count == 0 ? Task.CompletedTask : invoker.InvokeAsync(items, Transaction, _stop.Token);
    }

    public IReadOnlyList<WorkItem> Items { get; }

    public CheckpointFence Fence { get; }

    public BatchTransaction Transaction { get; }

    /// <summary>Ends when the handlers have.</summary>
    /// <exception cref="HandlerException">A handler failed or took too long.</exception>
    /// <exception cref="HandlerStuckException">A handler ignored its token.</exception>
    public Task Handled { get; }

    /// <summary>From now on the transaction may begin.</summary>
    public void TakeTurn() => _turn.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Handled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Transaction.DisposeAsync();
        _stop.Dispose();
    }
}
