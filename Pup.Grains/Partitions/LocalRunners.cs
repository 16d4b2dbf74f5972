using System.Collections.Concurrent;
using Pup.Grains.Coordination;

namespace Pup.Grains.Partitions;

/// <summary>The runners of this process, for who wants to know how a partition fares without going through its grain.</summary>
internal sealed class LocalRunners
{
    private readonly ConcurrentDictionary<PartitionKey, PartitionRunner> _runners = new();

    public PartitionRunner? Find(PartitionKey key) => _runners.GetValueOrDefault(key);

    public void Add(PartitionKey key, PartitionRunner runner) => _runners[key] = runner;

    /// <summary>Lets every partition of the projection that runs here look at its row; those elsewhere do when they touch theirs.</summary>
    public void WakeAll(string projection)
    {
        foreach (var (key, runner) in _runners)
        {
            if (key.Projection == projection)
                runner.Wake();
        }
    }

    /// <summary>Not if another runner has taken its place.</summary>
    public void Remove(PartitionKey key, PartitionRunner runner) => _runners.TryRemove(new(key, runner));
}
