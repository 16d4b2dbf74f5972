using CsCheck;
using Pup.Grains.Coordination;
using Pup.Grains.Coordination.Placement;

namespace Pup.Tests.Coordination.Placement;

public sealed class SpreadPlanTests
{
    private static readonly string[] _projections = ["orders", "stock", "mail", "totals"];

    private static readonly Gen<HostingSilo> _silo = Gen.Select(
        Gen.Int[0, 9], Gen.Bool.Array[_projections.Length], Gen.Bool,
        (number, hosts, settled) => Silo(number, settled, [.. _projections.Where((_, index) => hosts[index])]));

    private static readonly Gen<List<HostingSilo>> _silos = _silo.List[0, 6].Select(silos => silos.DistinctBy(silo => silo.Address).ToList());

    private static readonly Gen<List<HostingSilo>> _alike = Gen.Int[1, 6].Select(
        count => Enumerable.Range(0, count).Select(number => Silo(number, settled: true, _projections)).ToList());

    private static readonly Gen<List<PlacedPartition>> _partitions =
        Gen.Select(Gen.Int[0, 20].Array[_projections.Length], Gen.Int[-1, 9].Array[80], (counts, owners) => _projections.SelectMany((projection, p) => Enumerable.Range(0, counts[p])
            .Select(index => new PlacedPartition(new PartitionKey(projection, index), owners[(20 * p) + index] is >= 0 and var owner ? Address(owner) : null))).ToList());

    [Fact]
    public void A_partition_is_placed_on_a_silo_that_hosts_it_and_not_at_all_only_when_none_does() =>
        Gen.Select(_silos, _partitions).Sample((silos, partitions) =>
        {
            var plan = SpreadPlan.Of(silos, partitions);
            foreach (var partition in partitions)
            {
                var hosts = silos.FindAll(silo => silo.Projections.Contains(partition.Key.Projection)).ConvertAll(silo => silo.Address);
                Assert.Equal(hosts.Count > 0, plan.TryGetValue(partition.Key, out var home));
                if (home is not null)
                    Assert.Contains(home, hosts);
            }
        });

    [Fact]
    public void Each_projection_is_at_most_one_apart_over_the_settled_silos_that_host_it() =>
        Gen.Select(_silos, _partitions).Sample((silos, partitions) =>
        {
            silos = silos.ConvertAll(silo => silo with { AcceptsMoves = true });
            var plan = SpreadPlan.Of(silos, partitions);
            foreach (var projection in _projections)
                AssertOneApart(silos.FindAll(silo => silo.Projections.Contains(projection)), plan.Where(placed => placed.Key.Projection == projection));
        });

    [Fact]
    public void Silos_that_host_the_same_carry_the_same_give_or_take_one() =>
        Gen.Select(_alike, _partitions).Sample((silos, partitions) => AssertOneApart(silos, SpreadPlan.Of(silos, partitions)));

    [Fact]
    public void What_is_spread_well_stays_where_it_is() =>
        Gen.Select(_silos, _partitions).Sample((silos, partitions) =>
        {
            var plan = SpreadPlan.Of(silos, partitions);
            Assert.Equal(Sorted(plan), Sorted(SpreadPlan.Of(silos, Follow(partitions, plan, _ => true))));
        });

    [Fact]
    public void The_order_in_which_silos_and_partitions_are_read_does_not_matter() =>
        Gen.Select(_silos, _partitions).Sample((silos, partitions) =>
            Assert.Equal(Sorted(SpreadPlan.Of(silos, partitions)), Sorted(SpreadPlan.Of(silos.AsEnumerable().Reverse(), partitions.AsEnumerable().Reverse()))));

    [Fact]
    public void A_plan_that_was_carried_out_in_part_is_no_worse_than_the_whole_when_it_is_made_again() =>
        Gen.Select(_alike, _partitions, Gen.Int[0, 2]).Sample((silos, partitions, third) =>
        {
            var half = Follow(partitions, SpreadPlan.Of(silos, partitions), key => key.Partition % 3 == third);
            AssertOneApart(silos, SpreadPlan.Of(silos, half));
        });

    [Fact]
    public void When_a_silo_dies_only_its_partitions_move() =>
        Gen.Select(_alike.Where(silos => silos.Count > 1), _partitions).Sample((silos, partitions) =>
        {
            var before = Follow(partitions, SpreadPlan.Of(silos, partitions), _ => true);
            var after = SpreadPlan.Of(silos[1..], before);
            // Evening out what was one apart may cost a move for each projection, no more.
            var moved = before.Count(partition => partition.Owner != silos[0].Address && after[partition.Key] != partition.Owner);
            Assert.InRange(moved, 0, _projections.Length);
        });

    [Fact]
    public void A_silo_that_has_just_come_is_given_what_has_no_home_but_takes_nothing_from_others()
    {
        HostingSilo[] silos = [Silo(0, settled: true, ["orders"]), Silo(1, settled: false, ["orders"])];
        var running = Enumerable.Range(0, 4).Select(index => new PlacedPartition(new PartitionKey("orders", index), Address(0)));
        var homeless = Enumerable.Range(4, 2).Select(index => new PlacedPartition(new PartitionKey("orders", index), Address(9)));

        var plan = SpreadPlan.Of(silos, running.Concat(homeless));

        Assert.Equal("0 0 0 0 1 1", string.Join(' ', Sorted(plan).Select(placed => placed.Value)));
        Assert.Equal("0 0 0 1 1 1", string.Join(' ', Sorted(SpreadPlan.Of([silos[0], silos[1] with { AcceptsMoves = true }], running.Concat(homeless))).Select(placed => placed.Value)));
    }

    private static HostingSilo Silo(int number, bool settled, string[] projections) => new(Address(number), projections.ToHashSet(), settled);

    private static string Address(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static List<PlacedPartition> Follow(List<PlacedPartition> partitions, IReadOnlyDictionary<PartitionKey, string> plan, Func<PartitionKey, bool> which) =>
        partitions.ConvertAll(partition => which(partition.Key) && plan.TryGetValue(partition.Key, out var home) ? partition with { Owner = home } : partition);

    private static List<KeyValuePair<PartitionKey, string>> Sorted(IReadOnlyDictionary<PartitionKey, string> plan) =>
        [.. plan.OrderBy(placed => placed.Key.Projection, StringComparer.Ordinal).ThenBy(placed => placed.Key.Partition)];

    private static void AssertOneApart(List<HostingSilo> silos, IEnumerable<KeyValuePair<PartitionKey, string>> plan)
    {
        var counts = silos.ConvertAll(silo => plan.Count(placed => placed.Value == silo.Address));
        Assert.True(counts.Count == 0 || counts.Max() - counts.Min() <= 1, string.Join(", ", counts));
    }
}
