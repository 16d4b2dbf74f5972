using System.Collections.Concurrent;

namespace Pup.Grains.Coordination.Placement;

/// <summary>The activations of partitions on this silo.</summary>
internal sealed class LocalPartitions
{
    private readonly ConcurrentDictionary<IGrainContext, PartitionKey> _activations = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised when one of them is gone, for whatever reason.</summary>
    public event Action? Removed;

    public IReadOnlyCollection<KeyValuePair<IGrainContext, PartitionKey>> All => [.. _activations];

    public void Add(IGrainContext activation, PartitionKey key) => _activations[activation] = key;

    public void Remove(IGrainContext activation)
    {
        if (!_activations.TryRemove(activation, out _))
            return;
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        Removed?.Invoke();
    }

    /// <summary>Ends when none of these is here any more.</summary>
    public async Task GoneAsync(IReadOnlyCollection<IGrainContext> activations, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (!activations.Any(_activations.ContainsKey))
                return;
            await changed.WaitAsync(cancellationToken);
        }
    }
}
