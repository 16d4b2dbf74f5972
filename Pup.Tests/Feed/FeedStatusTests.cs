using Pup.Grains.Feed;

namespace Pup.Tests.Feed;

public sealed class FeedStatusTests
{
    private static readonly FeedStatus _status = new() { Mark = 100, Visible = 120, LookedAt = DateTimeOffset.UnixEpoch };

    [Theory]
    [InlineData(0, 100)]
    [InlineData(60, 40)]
    [InlineData(100, 0)]
    [InlineData(101, 0)]
    public void Lag_counts_up_to_the_mark_and_is_never_negative(long position, long lag) => Assert.Equal(lag, _status.LagOf(position));

    [Fact]
    public void Before_the_first_look_nobody_knows_a_lag() => Assert.Null(FeedStatus.BeforeFirstLook.LagOf(0));
}
