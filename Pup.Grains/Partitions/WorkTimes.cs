namespace Pup.Grains.Partitions;

/// <summary>
/// Where a partition's time goes: in handlers, in commits, and in waiting for events or for its turn. Handlers of one batch run while
/// the batch before it commits, so the parts may add up to more than has passed.
/// </summary>
internal sealed class WorkTimes(TimeProvider time)
{
    private long _handling;
    private long _committing;
    private long _waiting;

    public TimeSpan Handling => new(Interlocked.Read(ref _handling));

    public TimeSpan Committing => new(Interlocked.Read(ref _committing));

    public TimeSpan Waiting => new(Interlocked.Read(ref _waiting));

    public async Task HandleAsync(Task handlers)
    {
        var started = time.GetTimestamp();
        try
        {
            await handlers;
        }
        finally
        {
            Interlocked.Add(ref _handling, time.GetElapsedTime(started).Ticks);
        }
    }

    public async Task CommitAsync(Task commit)
    {
        var started = time.GetTimestamp();
        try
        {
            await commit;
        }
        finally
        {
            Interlocked.Add(ref _committing, time.GetElapsedTime(started).Ticks);
        }
    }

    public async Task<T> WaitAsync<T>(Task<T> what)
    {
        var started = time.GetTimestamp();
        try
        {
            return await what;
        }
        finally
        {
            Interlocked.Add(ref _waiting, time.GetElapsedTime(started).Ticks);
        }
    }

    public async ValueTask WaitAsync(ValueTask what)
    {
        var started = time.GetTimestamp();
        try
        {
            await what;
        }
        finally
        {
            Interlocked.Add(ref _waiting, time.GetElapsedTime(started).Ticks);
        }
    }
}
