namespace Pup.Grains.Partitions;

/// <summary>
/// Where a partition's time goes: in handlers, in commits, and in waiting for events or for its turn. Handlers of one batch run while
/// the batch before it commits, so the parts may add up to more than has passed.
/// </summary>
internal sealed class WorkTimes(TimeProvider time)
{
    private readonly long[] _ticks = new long[3];

    public TimeSpan Handling => Of(WorkPart.Handle);

    public TimeSpan Committing => Of(WorkPart.Commit);

    public TimeSpan Waiting => Of(WorkPart.Wait);

    /// <summary>What passes until the result is disposed is added to this part.</summary>
    public Lap Measure(WorkPart part) => new(this, part, time.GetTimestamp());

    private TimeSpan Of(WorkPart part) => new(Interlocked.Read(ref _ticks[(int)part]));

    /// <summary>Time that is passing.</summary>
    public readonly struct Lap(WorkTimes times, WorkPart part, long started) : IDisposable
    {
        public void Dispose() => Interlocked.Add(ref times._ticks[(int)part], times.Elapsed(started).Ticks);
    }

    private TimeSpan Elapsed(long started) => time.GetElapsedTime(started);
}
