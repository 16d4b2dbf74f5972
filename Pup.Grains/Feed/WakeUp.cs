namespace Pup.Grains.Feed;

/// <summary>Wakes the tail loop before its time; calls while it is awake fold into one.</summary>
internal sealed class WakeUp : IDisposable
{
    private readonly AutoResetEvent _called = new(false);

    public void Call() => _called.Set();

    /// <summary>Blocks for <paramref name="longest"/>, or until someone calls, but never less than <paramref name="least"/>.</summary>
    /// <exception cref="OperationCanceledException">Cancelled meanwhile.</exception>
    public void Wait(TimeSpan least, TimeSpan longest, CancellationToken cancellationToken)
    {
        if (!cancellationToken.WaitHandle.WaitOne(RoundedUp(least < longest ? least : longest)) && longest > least)
            WaitHandle.WaitAny([cancellationToken.WaitHandle, _called], RoundedUp(longest - least));
        // Whoever called during the pause is answered by the look that follows it.
        _called.Reset();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => _called.Dispose();

    private static TimeSpan RoundedUp(TimeSpan pause) => TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds));
}
