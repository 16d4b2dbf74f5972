namespace Pup.Grains.Partitions;

/// <summary>
/// The silo's right to commit: as many slots as workers, handed out in the order asked for, so that a thousand partitions
/// share a few connections fairly.
/// </summary>
internal sealed class WorkerSlots(int workers) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(workers, workers);
    private int _waiting;

    /// <summary>Whether somebody waits for a slot.</summary>
    public bool AreWanted => Volatile.Read(ref _waiting) > 0;

    public async ValueTask<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await _slots.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return new Slot(_slots);
    }

    public void Dispose() => _slots.Dispose();

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        private SemaphoreSlim? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.Release();
    }
}
