using Pup.Grains.Checkpoints;
using Pup.Grains.Partitions;

namespace Pup.Tests.Partitions;

/// <summary>The rules a <see cref="SimulatedProjection"/> follows: the engine's, or wrong ones, to show that the simulation finds them out.</summary>
internal sealed record RepartitionRules
{
    /// <summary>Where the new rows begin.</summary>
    public Func<IReadOnlyList<PartitionRow>, AppliedColumn> Start { get; init; } = Repartitioning.Start;

    /// <summary>What a row's column is after a move.</summary>
    public Func<AppliedColumn, long, AppliedColumn> At { get; init; } = static (column, position) => column.At(position);

    /// <summary>Which row makes a vector untrue.</summary>
    public Func<IReadOnlyList<PartitionRow>, PartitionRow?> MovedBack { get; init; } = Repartitioning.MovedBack;

    /// <summary>A repartition reads the rows before it locks them: batches commit between the two.</summary>
    public bool ReadsBeforeLocking { get; init; }

    /// <summary>A rebuild leaves the column as it is.</summary>
    public bool RebuildKeepsVectors { get; init; }

    /// <summary>The new rows keep the epochs of the old ones.</summary>
    public bool RepartitionKeepsEpochs { get; init; }
}
