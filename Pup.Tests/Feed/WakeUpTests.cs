using System.Diagnostics;
using Pup.Grains.Feed;

namespace Pup.Tests.Feed;

public sealed class WakeUpTests : IDisposable
{
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(10);

    private readonly PauseThread _pauses = new();
    private readonly WakeUp _wake = new();
    private readonly CancellationToken _token = TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _pauses.Dispose();
        _wake.Dispose();
    }

    [Fact]
    public async Task A_call_ends_the_pause_before_its_time()
    {
        var pause = PauseAsync(TimeSpan.FromMilliseconds(1), s_never);

        _wake.Call();

        await pause.WaitAsync(TimeSpan.FromSeconds(30), _token);
    }

    [Fact]
    public async Task A_call_does_not_shorten_what_must_at_least_pass()
    {
        var (least, started) = (TimeSpan.FromMilliseconds(200), Stopwatch.GetTimestamp());
        _wake.Call();

        await PauseAsync(least, s_never).WaitAsync(TimeSpan.FromSeconds(30), _token);

        Assert.True(Stopwatch.GetElapsedTime(started) >= least);
    }

    [Fact]
    public async Task Calls_of_one_pause_do_not_end_the_next_one_too()
    {
        _wake.Call();
        _wake.Call();
        await PauseAsync(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));

        var next = PauseAsync(TimeSpan.Zero, s_never);

        await Task.Delay(100, _token);
        Assert.False(next.IsCompleted);
        _wake.Call();
        await next.WaitAsync(TimeSpan.FromSeconds(30), _token);
    }

    [Fact]
    public async Task Cancelled_ends_the_pause_whether_or_not_the_least_has_passed()
    {
        foreach (var least in (TimeSpan[])[TimeSpan.Zero, s_never])
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(_token);
            var pause = _pauses.PauseAsync(() => _wake.Wait(least, s_never, stop.Token), stop.Token);

            await stop.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pause.WaitAsync(TimeSpan.FromSeconds(30), _token));
        }
    }

    private Task PauseAsync(TimeSpan least, TimeSpan longest) => _pauses.PauseAsync(() => _wake.Wait(least, longest, _token), _token);
}
