using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>The handlers of one batch at work, and the transaction they queue into.</summary>
/// <param name="items">What they are to handle.</param>
/// <param name="fence">The fence of their transaction.</param>
/// <param name="begin">Makes the transaction; it must not reach the database before the task it is given has ended, nor wait for that longer than the token says.</param>
/// <param name="cancellationToken">Stops the handlers.</param>
internal sealed class HandlerRun(
    IReadOnlyList<WorkItem> items, CheckpointFence fence, Func<CheckpointFence, Task, CancellationToken, BatchTransaction> begin, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private readonly TaskCompletionSource _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BatchTransaction? _transaction;

    public IReadOnlyList<WorkItem> Items => items;

    public CheckpointFence Fence => fence;

    public BatchTransaction Transaction => _transaction ??= begin(fence, _turn.Task, _stop.Token);

    /// <summary>Ends when the handlers have.</summary>
    /// <exception cref="HandlerException">A handler failed or took too long.</exception>
    /// <exception cref="HandlerStuckException">A handler ignored its token.</exception>
    public Task Handled { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the handlers.</summary>
    public void Start(HandlerInvoker invoker)
    {
        if (items.Count > 0)
            Handled = invoker.InvokeAsync(items, Transaction, _stop.Token);
    }

    /// <summary>From now on the transaction may begin.</summary>
    public void TakeTurn() => _turn.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        try
        {
            // A handler that waits for its turn without a token must not wait for a turn that never comes.
            _turn.TrySetCanceled();
            await _stop.CancelAsync();
            await Handled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await Transaction.DisposeAsync();
            _stop.Dispose();
        }
    }
}
