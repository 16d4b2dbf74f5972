namespace Pup.Grains.Partitions;

/// <summary>
/// The silo's right to commit: as many slots as workers, handed out in the order asked for, so that a thousand partitions
/// share a few connections fairly. One projection alone may have all of them; beside others it leaves them some, since whoever
/// hangs keeps what it has.
/// </summary>
/// <param name="workers">How many there are.</param>
/// <param name="projections">Those that are known to share them, before any of them has begun.</param>
internal sealed class WorkerSlots(int workers, IEnumerable<string> projections)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SlotShare> _shares = projections.ToDictionary(static projection => projection, static _ => new SlotShare(), StringComparer.Ordinal);
    private int _held;
    private long _asked;

    /// <summary>Whether somebody waits for a slot.</summary>
    public bool AreWanted
    {
        get
        {
            lock (_gate)
                return _shares.Values.Any(static share => share.Waiting.Count > 0);
        }
    }

    /// <summary>What a projection has of the slots; from then on it counts as one of those that share them.</summary>
    public SlotShare ShareOf(string projection)
    {
        lock (_gate)
        {
            if (!_shares.TryGetValue(projection, out var share))
                _shares[projection] = share = new SlotShare();
            return share;
        }
    }

    /// <returns>A slot, until it is disposed.</returns>
    /// <exception cref="OperationCanceledException">Gave up waiting.</exception>
    public async ValueTask<IDisposable> TakeAsync(SlotShare share, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var granted = new TaskCompletionSource<IDisposable>(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<(long, TaskCompletionSource<IDisposable>)> waiter;
        lock (_gate)
        {
            waiter = share.Waiting.AddLast((++_asked, granted));
            Serve();
        }

        await using var registration = cancellationToken.Register(() =>
        {
            lock (_gate)
            {
                if (waiter.List is null)
                    return;
                share.Waiting.Remove(waiter);
            }

            granted.SetCanceled(cancellationToken);
        });
        return await granted.Task;
    }

    private void Serve()
    {
        while (Next() is { Waiting.First: { } first } share)
        {
            share.Waiting.Remove(first);
            share.Held++;
            _held++;
            first.Value.Granted.SetResult(new Slot(this, share));
        }
    }

    private SlotShare? Next()
    {
        var without = _shares.Values.Count(static share => share.Held == 0);
        return _shares.Values
            .Where(share => share.Waiting.Count > 0 && SlotRules.MayTake(workers - _held, workers, share.Held, without))
            .MinBy(static share => share.Waiting.First!.Value.Asked);
    }

    private void GiveBack(SlotShare share)
    {
        lock (_gate)
        {
            share.Held--;
            _held--;
            Serve();
        }
    }

    private sealed class Slot(WorkerSlots slots, SlotShare share) : IDisposable
    {
        private WorkerSlots? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.GiveBack(share);
    }
}
