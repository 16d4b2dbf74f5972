namespace Pup.Grains.Partitions;

/// <summary>
/// The silo's right to commit: as many slots as workers, handed out in the order asked for, so that a thousand partitions
/// share a few connections fairly.
/// </summary>
internal sealed class WorkerSlots(int workers) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(workers, workers);

    public async ValueTask<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        return new Slot(_slots);
    }

    public void Dispose() => _slots.Dispose();

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        private SemaphoreSlim? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.Release();
    }
}
