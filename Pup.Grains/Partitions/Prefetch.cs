namespace Pup.Grains.Partitions;

/// <summary>One read that runs ahead of its use, and that is dropped when what it was based on no longer holds.</summary>
internal sealed class Prefetch<T> : IDisposable
    where T : class
{
    private CancellationTokenSource? _cancellation;
    private Task<T>? _task;

    public Task<T> Task => _task ?? throw new InvalidOperationException("Nothing was started.");

    /// <summary>Starts the read unless one is under way.</summary>
    public void Start(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        if (_task is not null)
            return;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _task = read(_cancellation.Token);
    }

    public async Task<T> TakeAsync()
    {
        var task = Task;
        try
        {
            return await task;
        }
        finally
        {
            Clear();
        }
    }

    public void Drop()
    {
        _cancellation?.Cancel();
        // Its failure is of no interest, but must not surface as an unobserved one.
        _task?.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        Clear();
    }

    public void Dispose() => Drop();

    private void Clear()
    {
        _cancellation?.Dispose();
        _cancellation = null;
        _task = null;
    }
}
