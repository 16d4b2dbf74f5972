namespace Pup.Grains.Partitions;

/// <summary>What the outside may ask of a running worker; asked any number of times, done once.</summary>
internal sealed class WorkerSignals
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _signal = NewSignal();
    private bool _deadLetters = true;

    /// <summary>Dead letters were marked for retry or discard. (Also the first thing every owner looks for.)</summary>
    public void RequestDeadLetters()
    {
        lock (_lock)
        {
            _deadLetters = true;
            _signal.TrySetResult();
        }
    }

    public bool TakeDeadLetterRequest()
    {
        lock (_lock)
        {
            var requested = _deadLetters;
            _deadLetters = false;
            if (_signal.Task.IsCompleted)
                _signal = NewSignal();
            return requested;
        }
    }

    /// <summary>Ends when something is asked for. Only ever awaited beside a task that cancellation ends.</summary>
    public Task Task
    {
        get
        {
            lock (_lock)
                return _signal.Task;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
