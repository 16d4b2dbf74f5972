using System.Collections.Immutable;

namespace Pup.Grains.Testing;

/// <summary>How the events of a run are cut into batches, and by how many partitions they are applied.</summary>
/// <param name="Partitions">How many partitions.</param>
internal sealed record BatchCuts(int Partitions)
{
    private const int Shown = 40;

    /// <summary>Batches end after these positions, in order, and at the end; none means that one batch takes all.</summary>
    public ImmutableArray<long> After { get; init; } = [];

    /// <summary>Whether each event is a batch of its own.</summary>
    public bool IsOneByOne { get; init; }

    /// <summary>The runs that are compared with all events in one batch: one by one, random ones, and several partitions.</summary>
    public static IEnumerable<BatchCuts> Plan(IReadOnlyList<long> positions, int seed, int randomRuns, int partitions)
    {
        var random = new Random(seed);
        var oneByOne = new BatchCuts(1) { After = [.. positions], IsOneByOne = true };
        yield return oneByOne;
        for (var run = 0; run < randomRuns; run++)
            yield return Random(positions, random, 1);
        if (partitions == 1)
            yield break;
        yield return new BatchCuts(partitions);
        yield return Random(positions, random, partitions);
        yield return oneByOne with { Partitions = partitions };
    }

    /// <inheritdoc />
    public override string ToString()
    {
        var by = Partitions == 1 ? "" : $"{Partitions} partitions, ";
        if (IsOneByOne)
            return $"{by}each event in a batch of its own";
        if (After.IsEmpty)
            return $"{by}all events in one batch";
        return $"{by}batches that end after position {string.Join(", ", After.Take(Shown))}{(After.Length > Shown ? ", …" : "")}";
    }

    // Some runs have few long batches and some have many short ones; at least one cut, or it would be the run to compare with.
    private static BatchCuts Random(IReadOnlyList<long> positions, Random random, int partitions)
    {
        var density = random.NextDouble();
        var last = positions.Count - 1;
        var sure = random.Next(last);
        return new BatchCuts(partitions) { After = [.. positions.Take(last).Where((_, index) => random.NextDouble() < density || index == sure)] };
    }
}
