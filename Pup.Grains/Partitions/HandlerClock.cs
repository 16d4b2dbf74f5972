namespace Pup.Grains.Partitions;

/// <summary>The time that a handler has. It stands still while the handler waits for its turn.</summary>
internal sealed class HandlerClock : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _over;
    private readonly TimeProvider _time;
    private TimeSpan _left;
    private long _since;
    private bool _isDisposed;

    public HandlerClock(TimeSpan timeout, TimeProvider time)
    {
        (_left, _time, _since) = (timeout, time, time.GetTimestamp());
        _over = new CancellationTokenSource(timeout, time);
        Over = _over.Token;
    }

    /// <summary>Cancelled when the time is up.</summary>
    public CancellationToken Over { get; }

    public void Stop()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _left -= _time.GetElapsedTime(_since);
            _over.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public void GoOn()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _since = _time.GetTimestamp();
            _over.CancelAfter(_left > TimeSpan.Zero ? _left : TimeSpan.Zero);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _over.Dispose();
        }
    }
}
