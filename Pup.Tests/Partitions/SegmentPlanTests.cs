using CsCheck;
using Pup.Client.Events;
using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

public sealed class SegmentPlanTests
{
    [Fact]
    public void A_batch_without_trouble_is_one_segment()
    {
        var plan = new SegmentPlan(Items(1, 2, 5), upTo: 9, oneByOne: false);

        Assert.Equal(new Segment(0, 3, 9, IsSingleEvent: false), plan.Next());
        plan.Passed(9);
        Assert.True(plan.IsDone);
    }

    [Fact]
    public void A_suspect_goes_alone_between_what_is_before_and_after_it()
    {
        var plan = new SegmentPlan(Items(1, 2, 5, 7), upTo: 9, oneByOne: false);
        plan.Suspect(plan.Next(), 2);

        Assert.Equal(new Segment(0, 2, 4, IsSingleEvent: false), plan.Next());
        plan.Passed(4);
        Assert.Equal(new Segment(2, 3, 6, IsSingleEvent: true), plan.Next());
        plan.Passed(6);
        Assert.Equal(new Segment(3, 4, 9, IsSingleEvent: true), plan.Next());
    }

    [Fact]
    public void When_the_culprit_is_unknown_every_event_goes_alone()
    {
        var plan = new SegmentPlan(Items(1, 2, 2, 3), upTo: 3, oneByOne: false);
        plan.Suspect(plan.Next(), -1);

        Assert.Equal(new Segment(0, 1, 1, IsSingleEvent: true), plan.Next());
        plan.Passed(1);
        Assert.Equal(new Segment(1, 3, 2, IsSingleEvent: true), plan.Next());
    }

    [Fact]
    public void Whatever_is_suspected_all_items_are_covered_once_and_no_event_is_torn()
    {
        var positions = Gen.Int[1, 40].List[1, 30].Select(list => list.Order().ToList());
        Gen.Select(positions, Gen.Int[-1, 29].List[0, 10], Gen.Bool).Sample((sorted, suspects, oneByOne) =>
        {
            var items = Items([.. sorted]);
            var plan = new SegmentPlan(items, sorted[^1] + 3, oneByOne);
            var covered = 0;
            long position = 0;
            var remaining = new Queue<int>(suspects);
            while (!plan.IsDone)
            {
                var segment = plan.Next();
                if (remaining.TryDequeue(out var suspect) && (suspect < 0 || (suspect >= segment.Start && suspect < segment.End)))
                {
                    plan.Suspect(segment, suspect);
                    continue;
                }

                Assert.Equal(covered, segment.Start);
                Assert.True(segment.UpTo > position);
                Assert.All(items.Take(segment.End), item => Assert.True(item.Event.GlobalPosition <= segment.UpTo));
                Assert.All(items.Skip(segment.End), item => Assert.True(item.Event.GlobalPosition > segment.UpTo));
                covered = segment.End;
                position = segment.UpTo;
                plan.Passed(position);
            }

            Assert.Equal(items.Count, covered);
            Assert.Equal(sorted[^1] + 3, position);
        });
    }

    private static List<WorkItem> Items(params int[] positions) => [.. positions.Select((position, index) => new WorkItem(
        new PersistedEvent
        {
            GlobalPosition = position,
            BoundedContext = "c",
            AggregateType = "t",
            AggregateId = $"a{index}",
            AggregateVersion = 1,
            EventId = Guid.Empty,
            EventType = "e",
            EventVersion = 1,
            Payload = default,
            CreatedAt = default,
        },
        $"a{index}",
        0))];
}
