using Pup.Grains.Testing;

namespace Pup.Tests.Testing;

/// <summary>How the test kit cuts a log.</summary>
public sealed class BatchCutsTests
{
    private static readonly long[] _positions = [.. Enumerable.Range(1, 20).Select(i => i * 3L)];

    [Fact]
    public void A_seed_draws_the_same_cuts_again_and_another_seed_draws_others()
    {
        Assert.Equal(Drawn(7), Drawn(7));
        Assert.NotEqual(Drawn(7), Drawn(8));
    }

    [Fact]
    public void Cuts_lie_behind_events_in_order_and_never_behind_the_last_alone()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            foreach (var cuts in BatchCuts.Plan(_positions, seed, 8, 4).Where(cuts => !cuts.IsOneByOne && cuts.Partitions == 1))
            {
                Assert.NotEmpty(cuts.After);
                Assert.Subset(_positions.ToHashSet(), cuts.After.ToHashSet());
                Assert.Equal(cuts.After.Order(), cuts.After);
                Assert.DoesNotContain(_positions[^1], cuts.After);
            }
        }
    }

    [Fact]
    public void Some_draws_have_few_cuts_and_some_have_many()
    {
        var counts = BatchCuts.Plan(_positions, 1, 50, 1).Skip(1).Select(cuts => cuts.After.Length).ToArray();
        Assert.Contains(counts, count => count <= 3);
        Assert.Contains(counts, count => count >= 15);
    }

    [Fact]
    public void One_partition_leaves_the_runs_with_several_out() =>
        Assert.All(BatchCuts.Plan(_positions, 1, 3, 1), cuts => Assert.Equal(1, cuts.Partitions));

    private static string Drawn(int seed) => string.Join('\n', BatchCuts.Plan(_positions, seed, 8, 4));
}
