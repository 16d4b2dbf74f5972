namespace Pup.Grains.Feed;

/// <summary>The mark of one generation, and those who wait for it to pass their position.</summary>
internal sealed class MarkSignal(Generation generation)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _moved = New();
    private long _mark;

    public long Mark => Volatile.Read(ref _mark);

    public void MoveTo(long mark)
    {
        TaskCompletionSource moved;
        lock (_gate)
        {
            if (mark <= _mark)
                return;
            Volatile.Write(ref _mark, mark);
            (moved, _moved) = (_moved, New());
        }

        moved.SetResult();
    }

    public async ValueTask PassedAsync(long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task moved;
            lock (_gate)
            {
                if (_mark > position)
                    return;
                moved = _moved.Task;
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, generation.Ended);
            try
            {
                await moved.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (generation.Ended.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new GenerationEndedException(generation.Number);
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
