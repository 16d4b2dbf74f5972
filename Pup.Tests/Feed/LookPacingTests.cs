using Pup.Grains;
using Pup.Grains.Feed;

namespace Pup.Tests.Feed;

public sealed class LookPacingTests
{
    private static readonly PupOptions Options = new() { LookInterval = Milliseconds(5), IdleLookInterval = Milliseconds(100) };

    [Fact]
    public void Looks_are_frequent_while_events_are_in_flight_or_have_just_been()
    {
        Assert.Equal(Milliseconds(5), LookPacing.Next(Options, Milliseconds(100), TimeSpan.Zero, behind: true, TimeSpan.MaxValue));
        Assert.Equal(Milliseconds(5), LookPacing.Next(Options, Milliseconds(100), TimeSpan.Zero, behind: false, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(2, 100)]
    [InlineData(29, 100)]
    [InlineData(31, 200)]
    public void Looks_back_off_when_nothing_happens_and_further_when_nothing_has_happened_for_long(int quietSeconds, int expected)
    {
        var interval = Milliseconds(5);
        for (var looks = 0; looks < 10; looks++)
            interval = LookPacing.Next(Options, interval, TimeSpan.Zero, behind: false, TimeSpan.FromSeconds(quietSeconds));
        Assert.Equal(Milliseconds(expected), interval);
    }

    [Fact]
    public void Looks_never_take_more_than_a_twentieth_of_the_time()
    {
        foreach (var behind in new[] { true, false })
            Assert.Equal(Milliseconds(1_400), LookPacing.Next(Options, Milliseconds(5), Milliseconds(70), behind, TimeSpan.Zero));
    }

    [Fact]
    public void One_slow_look_does_not_silence_the_feed_but_several_slow_ones_are_believed()
    {
        var recent = new Queue<TimeSpan>();
        LookPacing.Cost(recent, Milliseconds(1));
        Assert.Equal(Milliseconds(1), LookPacing.Cost(recent, Milliseconds(500)));
        for (var slow = 0; slow < 6; slow++)
            Assert.Equal(Milliseconds(1), LookPacing.Cost(recent, Milliseconds(60)));
        Assert.Equal(Milliseconds(60), LookPacing.Cost(recent, Milliseconds(70)));
    }

    private static TimeSpan Milliseconds(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
