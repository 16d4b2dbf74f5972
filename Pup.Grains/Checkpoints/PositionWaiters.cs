namespace Pup.Grains.Checkpoints;

/// <summary>Who waits for one owner of a partition to have seen the log up to a position. They are let go as well when the owner stops.</summary>
internal sealed class PositionWaiters(long position, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(long Position, long Ticket), TaskCompletionSource> _waiting = [];
    private long _position = position;
    private long _tickets;
    private bool _isOver;

    public int Count
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Ends when the position is reached, or nobody is left to reach it, or after <paramref name="limit"/>.</summary>
    public async Task PassedAsync(long wanted, TimeSpan limit, CancellationToken cancellationToken)
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (long, long) place;
        lock (_lock)
        {
            if (_isOver || _position >= wanted)
                return;
            _waiting.Add(place = (wanted, ++_tickets), passed);
        }

        try
        {
            await passed.Task.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Whoever asked looks for himself.
        }
        finally
        {
            lock (_lock)
                _waiting.Remove(place);
        }
    }

    /// <summary>The position was reached.</summary>
    public void MoveTo(long reached)
    {
        lock (_lock)
        {
            _position = Math.Max(_position, reached);
            Release(_position);
        }
    }

    /// <summary>The owner stops.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isOver = true;
            Release(long.MaxValue);
        }
    }

    private void Release(long upTo)
    {
        while (_waiting.Count > 0)
        {
            var (place, passed) = _waiting.First();
            if (place.Position > upTo)
                return;
            _waiting.Remove(place);
            passed.TrySetResult();
        }
    }
}
