using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

public sealed class WorkerSlotsTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 4, 3, 0, true)] // Alone: all of them.
    [InlineData(0, 4, 4, 0, false)]
    [InlineData(2, 4, 2, 1, true)] // Beside one other: all but one.
    [InlineData(1, 4, 3, 1, false)]
    [InlineData(1, 4, 0, 9, true)] // A first one always.
    [InlineData(0, 4, 0, 0, false)]
    [InlineData(3, 4, 1, 9, true)] // Beside many: half.
    [InlineData(2, 4, 2, 9, false)]
    [InlineData(1, 2, 1, 1, false)]
    [InlineData(1, 1, 0, 1, true)] // The only one is everybody's.
    public void A_projection_leaves_each_that_has_none_a_slot_and_at_most_half_of_all(int free, int workers, int held, int without, bool may) =>
        Assert.Equal(may, SlotRules.MayTake(free, workers, held, without));

    [Fact]
    public async Task Slots_are_handed_out_in_order_and_a_projection_that_keeps_what_it_has_does_not_hold_up_the_next()
    {
        var slots = new WorkerSlots(4, ["other"]);
        var hanging = slots.ShareOf("hanging");
        for (var i = 0; i < 3; i++)
            await slots.TakeAsync(hanging, Token);
        var waiting = slots.TakeAsync(hanging, Token).AsTask();
        Assert.True(slots.AreWanted);
        var other = slots.ShareOf("other");
        for (var i = 0; i < 3; i++)
            (await slots.TakeAsync(other, Token)).Dispose();
        Assert.False(waiting.IsCompleted);

        // What the other gives back is still its own, though it asked later.
        var first = await slots.TakeAsync(other, Token);
        var second = slots.TakeAsync(other, Token).AsTask();
        first.Dispose();
        await second.WaitAsync(_patience, Token);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_slot_and_a_slot_given_back_twice_is_one()
    {
        var slots = new WorkerSlots(1, []);
        var share = slots.ShareOf("a");
        Assert.Same(share, slots.ShareOf("a"));
        var only = await slots.TakeAsync(share, Token);
        using var patience = new CancellationTokenSource();
        var gone = slots.TakeAsync(share, patience.Token).AsTask();
        var next = slots.TakeAsync(share, Token).AsTask();
        await patience.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => gone);
        Assert.False(next.IsCompleted);
        only.Dispose();
        only.Dispose();
        await next.WaitAsync(_patience, Token);
        Assert.False(slots.TakeAsync(share, Token).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Whatever_is_taken_given_back_and_given_up_at_once_there_are_never_more_slots_than_workers_and_none_is_lost()
    {
        const int workers = 5;
        var slots = new WorkerSlots(workers, []);
        var (held, most, taken) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(one => Task.Run(() => TakeOftenAsync(one))));

        Assert.InRange(most, 2, workers);
        Assert.Equal((0, false), (held, slots.AreWanted));
        Assert.InRange(taken, 1_000, int.MaxValue);
        var last = slots.ShareOf("last");
        foreach (var name in Names())
            await slots.TakeAsync(slots.ShareOf(name), Token).AsTask().WaitAsync(_patience, Token);
        await slots.TakeAsync(last, Token).AsTask().WaitAsync(_patience, Token);
        Assert.False(slots.TakeAsync(last, Token).AsTask().IsCompleted);

        async Task TakeOftenAsync(int one)
        {
            var random = new Random(one);
            var share = slots.ShareOf(Names()[one % Names().Length]);
            for (var i = 0; i < 500; i++)
            {
                using var patience = new CancellationTokenSource();
                if (random.Next(3) == 0)
                    patience.CancelAfter(TimeSpan.FromMicroseconds(random.Next(500)));
                try
                {
                    using var slot = await slots.TakeAsync(share, patience.Token).AsTask().WaitAsync(_patience, Token);
                    var now = Interlocked.Increment(ref held);
                    InterlockedMax(ref most, now);
                    Interlocked.Increment(ref taken);
                    await Task.Yield();
                    Interlocked.Decrement(ref held);
                }
                catch (OperationCanceledException) when (patience.IsCancellationRequested)
                {
                }
            }
        }

        static string[] Names() => ["a", "b", "c", "d"];
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var known = Volatile.Read(ref most); known < value; known = Volatile.Read(ref most))
            Interlocked.CompareExchange(ref most, value, known);
    }
}
