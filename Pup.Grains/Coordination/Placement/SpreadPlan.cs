namespace Pup.Grains.Coordination.Placement;

/// <summary>
/// Decides where partitions belong; a pure function, so all silos that see the same decide the same. What runs where it may run
/// stays, as long as each projection is spread evenly over the silos that host it, at most one apart, and the silos carry
/// about as much of everything.
/// </summary>
internal static class SpreadPlan
{
    /// <returns>The silo of each partition; without those that no silo hosts.</returns>
    public static IReadOnlyDictionary<PartitionKey, string> Of(IEnumerable<HostingSilo> silos, IEnumerable<PlacedPartition> partitions)
    {
        var loads = silos.OrderBy(silo => silo.Address, StringComparer.Ordinal).Select(silo => new SiloLoad(silo)).ToList();
        var byAddress = loads.ToDictionary(load => load.Silo.Address, StringComparer.Ordinal);
        var projections = partitions
            .GroupBy(partition => partition.Key.Projection, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (Name: group.Key, Hosts: loads.FindAll(load => load.Silo.Projections.Contains(group.Key)), Partitions: group.OrderBy(p => p.Key.Partition).ToList()))
            .Where(projection => projection.Hosts.Count > 0)
            .ToList();

        var homeless = new List<(PartitionKey Key, List<SiloLoad> Hosts)>();
        foreach (var (name, hosts, all) in projections)
        {
            foreach (var partition in all)
            {
                if (partition.Owner is { } owner && byAddress.TryGetValue(owner, out var load) && load.Silo.Projections.Contains(name))
                    load.Add(partition.Key);
                else
                    homeless.Add((partition.Key, hosts));
            }
        }

        foreach (var (key, hosts) in homeless)
            hosts.MinBy(load => (load.Of(key.Projection), load.Total))!.Add(key);
        foreach (var (name, hosts, _) in projections)
            Even(name, hosts);
        EvenOverall([.. projections.Select(projection => projection.Name)], loads);
        return loads.SelectMany(load => load.Partitions.Select(key => (key, load.Silo.Address))).ToDictionary(placed => placed.key, placed => placed.Address);
    }

    private static void Even(string projection, List<SiloLoad> hosts)
    {
        var takers = hosts.FindAll(load => load.Silo.AcceptsMoves);
        while (takers.Count > 0)
        {
            var from = hosts.MaxBy(load => (load.Of(projection), load.Total))!;
            var to = takers.MinBy(load => (load.Of(projection), load.Total))!;
            if (from.Of(projection) - to.Of(projection) < 2)
                return;
            to.Add(from.RemoveLast(projection));
        }
    }

    // Swaps who carries the one more that a projection cannot spread evenly, so it stays at most one apart. Each step brings two
    // silos nearer to each other, so it ends.
    private static void EvenOverall(List<string> projections, List<SiloLoad> loads)
    {
        while (Step())
        {
        }

        bool Step()
        {
            foreach (var from in loads.OrderByDescending(load => load.Total))
            {
                foreach (var to in loads.Where(load => load.Silo.AcceptsMoves && from.Total - load.Total >= 2).OrderBy(load => load.Total))
                {
                    if (projections.Find(name => to.Silo.Projections.Contains(name) && from.Of(name) > to.Of(name)) is not { } projection)
                        continue;
                    to.Add(from.RemoveLast(projection));
                    return true;
                }
            }

            return false;
        }
    }

    private sealed class SiloLoad(HostingSilo silo)
    {
        private readonly Dictionary<string, SortedSet<int>> _partitions = new(StringComparer.Ordinal);

        public HostingSilo Silo => silo;

        public int Total { get; private set; }

        public IEnumerable<PartitionKey> Partitions => _partitions.SelectMany(projection => projection.Value.Select(index => new PartitionKey(projection.Key, index)));

        public int Of(string projection) => _partitions.TryGetValue(projection, out var indexes) ? indexes.Count : 0;

        public void Add(PartitionKey key)
        {
            if (!_partitions.TryGetValue(key.Projection, out var indexes))
                _partitions[key.Projection] = indexes = [];
            indexes.Add(key.Partition);
            Total++;
        }

        public PartitionKey RemoveLast(string projection)
        {
            var index = _partitions[projection].Max;
            _partitions[projection].Remove(index);
            Total--;
            return new PartitionKey(projection, index);
        }
    }
}
