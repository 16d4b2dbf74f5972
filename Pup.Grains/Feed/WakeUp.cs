namespace Pup.Grains.Feed;

/// <summary>Wakes the tail loop before its time; calls while it is awake fold into one.</summary>
internal sealed class WakeUp
{
    private volatile TaskCompletionSource _called = New();

    /// <summary>Completes once someone has called since <see cref="Reset"/>.</summary>
    public Task Called => _called.Task;

    public void Call() => _called.TrySetResult();

    public void Reset()
    {
        if (_called.Task.IsCompleted)
            _called = New();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
