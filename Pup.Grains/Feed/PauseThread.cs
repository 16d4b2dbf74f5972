using System.Collections.Concurrent;

namespace Pup.Grains.Feed;

/// <summary>
/// A thread on which to pause to the millisecond. Timers of the runtime count in ticks of the kernel's coarse clock, on most
/// machines 4 ms, and end on the tick after: a pause of 5 ms took 8.
/// </summary>
internal sealed class PauseThread : TaskScheduler, IDisposable
{
    private readonly BlockingCollection<Task> _pauses = [];

    public PauseThread()
    {
        new Thread(Run) { Name = "Pup looks", IsBackground = true }.Start();
    }

    public Task PauseAsync(Action pause, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(pause, cancellationToken, TaskCreationOptions.DenyChildAttach, this);

    protected override void QueueTask(Task task) => _pauses.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [.. _pauses];

    public void Dispose() => _pauses.CompleteAdding();

    private void Run()
    {
        foreach (var pause in _pauses.GetConsumingEnumerable())
            TryExecuteTask(pause);
        _pauses.Dispose();
    }
}
