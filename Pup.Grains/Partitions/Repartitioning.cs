using Pup.Grains.Checkpoints;

namespace Pup.Grains.Partitions;

/// <summary>The arithmetic of a repartition: from the rows of any number of partitions to where those of any other number begin.</summary>
internal static class Repartitioning
{
    /// <summary>
    /// Where every new partition starts, and what it must skip from there. The start is the least position, since behind it nothing is
    /// known to be applied for all keys; and every new row knows what any old one knew, since its keys may come from all of them.
    /// </summary>
    public static AppliedColumn Start(IReadOnlyList<PartitionRow> old)
    {
        var positions = old.Select(static row => row.Position ?? 0).ToList();
        var start = positions.Min();
        var known = old.SelectMany(static row => row.Applied?.Vectors.All ?? []);
        return new AppliedColumn(start, AppliedVectors.Of([.. known, new AppliedVector(positions)]).Beyond(start));
    }

    /// <summary>
    /// A row that somebody moved back, if that makes a vector untrue: it says of events that they are applied which this
    /// row was moved back to have applied again.
    /// </summary>
    public static PartitionRow? MovedBack(IReadOnlyList<PartitionRow> rows) =>
        rows.Any(static row => row.CarriesVectors) ? rows.FirstOrDefault(static row => row.IsMovedBack) : null;
}
