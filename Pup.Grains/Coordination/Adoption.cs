using Pup.Grains.Checkpoints;

namespace Pup.Grains.Coordination;

/// <summary>Whether checkpoint rows that are there already fit the number of partitions the operator states.</summary>
internal static class Adoption
{
    /// <returns>What is wrong and what to do, or null when the rows can be continued from.</returns>
    public static string? Problem(string projection, int partitions, IEnumerable<string> rows)
    {
        var indexes = rows.Select(row => CheckpointName.IndexOf(row, projection)).OfType<int>().ToList();
        var unpartitioned = indexes.Contains(-1);
        var highest = indexes.Count > 0 ? indexes.Max() : -1;
        if (unpartitioned && highest >= 0)
            return $"Projection '{projection}' has both a checkpoint '{projection}' and one '{projection}_p{highest}'; delete the row that is no longer in use, then start again.";
        if (unpartitioned && partitions > 1)
            return $"Projection '{projection}' has one checkpoint for the whole log, but {partitions} partitions are configured. Start with 1 partition, then repartition.";
        if (highest >= 0 && partitions == 1)
            return $"Projection '{projection}' has partitioned checkpoints up to '{projection}_p{highest}', but 1 partition is configured. Configure the number its workers ran with, then repartition.";
        if (highest >= partitions)
            return $"Projection '{projection}' has a checkpoint '{projection}_p{highest}', but only {partitions} partitions are configured. Configure the number its workers ran with, then repartition.";
        return null;
    }
}
