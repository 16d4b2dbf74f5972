using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

public sealed class WorkerSlotsTests
{
    [Fact]
    public async Task Turns_come_in_the_order_in_which_they_were_asked_for_and_no_more_at_once_than_there_are_workers()
    {
        using var slots = new WorkerSlots(2);
        var first = await slots.TakeAsync(CancellationToken.None);
        var second = await slots.TakeAsync(CancellationToken.None);
        var waiting = Enumerable.Range(0, 6).Select(_ => slots.TakeAsync(CancellationToken.None).AsTask()).ToArray();
        Assert.True(slots.AreWanted);
        var taken = new Queue<IDisposable>([first, second]);
        foreach (var (next, index) in waiting.Select(static (next, index) => (next, index)))
        {
            Assert.All(waiting[index..], static one => Assert.False(one.IsCompleted));
            taken.Dequeue().Dispose();
            taken.Enqueue(await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        }

        Assert.False(slots.AreWanted);
    }
}
