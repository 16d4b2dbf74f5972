namespace Pup.Grains.Partitions;

/// <summary>What the outside tells a running worker; told any number of times, heeded once.</summary>
internal sealed class WorkerSignals
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _signal = NewSignal();
    private bool _asked;
    private bool _doubted;

    /// <summary>Somebody changed something about the partition on purpose: its dead letters, its epoch, its projection's state.</summary>
    public void Ask()
    {
        lock (_lock)
        {
            _asked = true;
            _signal.TrySetResult();
        }
    }

    /// <summary>The row may not be this owner's any more.</summary>
    public void Doubt()
    {
        lock (_lock)
        {
            _doubted = true;
            _signal.TrySetResult();
        }
    }

    /// <summary>Whether somebody asked; it stays asked.</summary>
    public bool IsAsked
    {
        get
        {
            lock (_lock)
                return _asked;
        }
    }

    /// <summary>Whether somebody asked.</summary>
    public bool TakeAsked()
    {
        lock (_lock)
        {
            var asked = _asked;
            _asked = false;
            Rearm();
            return asked;
        }
    }

    /// <summary>Whether there is doubt.</summary>
    public bool TakeDoubt()
    {
        lock (_lock)
        {
            var doubted = _doubted;
            _doubted = false;
            Rearm();
            return doubted;
        }
    }

    /// <summary>Ends when something is told. Only ever awaited beside a task that cancellation ends.</summary>
    public Task Task
    {
        get
        {
            lock (_lock)
                return _signal.Task;
        }
    }

    private void Rearm()
    {
        if (!_asked && !_doubted && _signal.Task.IsCompleted)
            _signal = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
