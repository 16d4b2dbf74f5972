namespace Pup.Grains.Checkpoints;

/// <summary>
/// What one owner knows of its checkpoint row: the position it last left there, positions the row may have because an answer
/// was lost, and progress over foreign events that waits to be written together with that of other partitions.
/// Shared by the worker's loop and the silo's <see cref="SkipWriter"/>.
/// </summary>
internal sealed class CheckpointProgress(string row, long epoch, long stored, TimeProvider time, Action doubt)
{
    private readonly Lock _lock = new();
    private readonly HashSet<long> _possible = [];
    private long _stored = stored;
    private long _scanned = stored;
    private bool _busy;
    private TaskCompletionSource? _inFlight;
    private long _writtenAt = time.GetTimestamp();

    public string Row => row;

    public long Epoch => epoch;

    /// <summary>
    /// Who waits for <see cref="Scanned"/>. A position is only ever scanned when all before it that was this partition's is committed, or
    /// a dead letter, or was applied by a former partition; never because it was read ahead.
    /// </summary>
    public PositionWaiters Waiters { get; } = new(stored, time);

    /// <summary>What this owner found in the row's column <c>applied</c> and keeps up to date there; null when nothing need stand there.</summary>
    public AppliedColumn? Applied { get; init; }

    /// <summary>The position the row had when it was last known.</summary>
    public long Stored
    {
        get
        {
            lock (_lock)
                return _stored;
        }
    }

    /// <summary>How far the partition has seen the log; at least <see cref="Stored"/>.</summary>
    public long Scanned
    {
        get
        {
            lock (_lock)
                return _scanned;
        }
    }

    /// <summary>The loop scanned up to here without an event of its own, and has no transaction open.</summary>
    public void Scan(long upTo)
    {
        lock (_lock)
            See(upTo);
    }

    /// <summary>
    /// Takes unwritten progress back before a fence, waiting for a write in flight, and keeps the writer away until
    /// <see cref="Release"/>.
    /// </summary>
    /// <returns>False when the outcome of such a write is unknown: read the row again.</returns>
    public async ValueTask<bool> HoldAsync()
    {
        Task? inFlight;
        lock (_lock)
        {
            _busy = true;
            inFlight = _inFlight?.Task;
        }

        if (inFlight is not null)
            await inFlight;
        lock (_lock)
            return _possible.Count == 0;
    }

    public void Release()
    {
        lock (_lock)
            _busy = false;
    }

    /// <summary>A commit of this owner moved the row.</summary>
    public void Committed(long position)
    {
        lock (_lock)
        {
            _stored = position;
            See(position);
            _writtenAt = time.GetTimestamp();
            _possible.Clear();
        }
    }

    /// <summary>A write to this position was sent and its answer is missing.</summary>
    /// <returns>Whether that is the only write in doubt.</returns>
    public bool MayHaveMovedTo(long position)
    {
        lock (_lock)
        {
            var alone = _possible.Count == 0;
            _possible.Add(position);
            return alone;
        }
    }

    /// <summary>Takes what a fresh read of the row says, if it is a position of this owner's own making.</summary>
    /// <returns>False when somebody else wrote the row.</returns>
    public bool TryAdopt(long position)
    {
        lock (_lock)
        {
            if (position != _stored && !_possible.Contains(position))
                return false;
            // What was sent may still arrive, so an unanswered position stays possible until the row has moved past it.
            _possible.RemoveWhere(possible => possible <= position);
            _stored = position;
            See(position);
            return true;
        }
    }

    /// <summary>The writer's side: what to write now, if anything.</summary>
    public SkipMove? TryBegin(TimeSpan touchInterval)
    {
        lock (_lock)
        {
            if (_busy || _inFlight is not null || _possible.Count > 0)
                return null;
            if (_scanned == _stored && time.GetElapsedTime(_writtenAt) < touchInterval)
                return null;
            _inFlight = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new SkipMove(this, _stored, _scanned);
        }
    }

    /// <summary>The writer's side: the row now has this position, or was not written (null).</summary>
    public void Written(long? position)
    {
        lock (_lock)
        {
            _stored = position ?? _stored;
            _writtenAt = time.GetTimestamp();
            FinishWrite();
        }

        // Locked by somebody, or not this owner's any more; an idle partition would not find out otherwise.
        if (position is null)
            doubt();
    }

    /// <summary>The writer's side: whether the row was written is unknown.</summary>
    public void WriteInDoubt(SkipMove move)
    {
        lock (_lock)
        {
            if (move.UpTo != move.Stored)
                _possible.Add(move.UpTo);
            FinishWrite();
        }
    }

    private void See(long position)
    {
        _scanned = Math.Max(_scanned, position);
        Waiters.MoveTo(_scanned);
    }

    private void FinishWrite()
    {
        _inFlight?.SetResult();
        _inFlight = null;
    }
}
