using Microsoft.Extensions.Time.Testing;
using Pup.Grains.Checkpoints;

namespace Pup.Tests.Checkpoints;

public sealed class PositionWaitersTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_whose_position_is_reached_go_and_the_others_stay()
    {
        var waiters = new PositionWaiters(10, _time);
        await waiters.PassedAsync(10, _limit, Token);
        var (first, same, later) = (waiters.PassedAsync(11, _limit, Token), waiters.PassedAsync(11, _limit, Token), waiters.PassedAsync(12, _limit, Token));

        waiters.MoveTo(11);

        await Task.WhenAll(first, same);
        Assert.False(later.IsCompleted);
        // What is behind changes nothing.
        waiters.MoveTo(3);
        await waiters.PassedAsync(11, _limit, Token);
        waiters.MoveTo(12);
        await later;
        Assert.Equal(0, waiters.Count);
    }

    [Fact]
    public async Task Nobody_stays_when_the_owner_stops_or_the_time_is_up_or_he_gives_up()
    {
        var waiters = new PositionWaiters(0, _time);
        var late = waiters.PassedAsync(1, _limit, Token);
        _time.Advance(_limit);
        await late;

        using var givingUp = new CancellationTokenSource();
        var gone = waiters.PassedAsync(1, _limit, givingUp.Token);
        await givingUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.Equal(0, waiters.Count);

        var left = waiters.PassedAsync(1, _limit, Token);
        waiters.End();
        await left;
        await waiters.PassedAsync(long.MaxValue, _limit, Token);
    }
}
