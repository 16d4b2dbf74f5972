using System.Globalization;

namespace Pup.Client.Operations.Status;

/// <summary>Decides from facts alone how a partition fares, and which of several conditions an operator is told.</summary>
internal static class ConditionRules
{
    // What needs an operator most comes first.
    private static readonly ProjectionCondition[] _byUrgency =
    [
        ProjectionCondition.LogWentBack,
        ProjectionCondition.ForeignWriter,
        ProjectionCondition.Faulted,
        ProjectionCondition.NeedsRebuild,
        ProjectionCondition.Unplaced,
        ProjectionCondition.Unknown,
        ProjectionCondition.StalledByWriter,
        ProjectionCondition.NeverStarted,
        ProjectionCondition.Paused,
        ProjectionCondition.Parked,
        ProjectionCondition.Rebuilding,
        ProjectionCondition.Running,
        ProjectionCondition.CaughtUp,
    ];

    /// <summary>The one of a projection's partitions that needs an operator most.</summary>
    public static PartitionReport Foremost(IEnumerable<PartitionReport> partitions) =>
        partitions.MinBy(static partition => Array.IndexOf(_byUrgency, partition.Condition))!;

    /// <summary>How the partition fares, and why where there is something to say.</summary>
    public static (ProjectionCondition Condition, string? Reason) Of(PartitionFacts partition, ProjectionFacts projection, LogFacts log, ClusterFacts cluster)
    {
        if (WentBack(projection, log) is { } wentBack)
            return (ProjectionCondition.LogWentBack, wentBack);
        if (partition.Fault is { } fault)
            return (partition.IsForeignWriter ? ProjectionCondition.ForeignWriter : ProjectionCondition.Faulted, fault);
        if (projection.State == "needs_rebuild")
            return (ProjectionCondition.NeedsRebuild, $"{projection.StateReason ?? "The read model does not fit the projection."} Run `pup rebuild {projection.Name}`.");
        if (projection.State == "paused")
            return (ProjectionCondition.Paused, $"Somebody paused it. Run `pup resume {projection.Name}` to let it go on.");
        if (cluster.IsHosted(projection.Name) is false)
            return (ProjectionCondition.Unplaced, "No living silo hosts it. Start one that does.");
        if (partition.Trouble is { } trouble)
            return (ProjectionCondition.Faulted, trouble);
        if (partition.NeverStarted)
            return (ProjectionCondition.NeverStarted, partition.Position is null ? "It has no checkpoint." : "No silo has run it yet.");
        return partition.Position < projection.Visible ? Behind(partition, projection, log, cluster) : AtTheEnd(partition, projection);
    }

    private static (ProjectionCondition Condition, string? Reason) Behind(PartitionFacts partition, ProjectionFacts projection, LogFacts log, ClusterFacts cluster)
    {
        if (cluster.IsHosted(projection.Name) is null)
            return (ProjectionCondition.Unknown, "It is behind, and whether a silo runs it cannot be seen: schema orleans cannot be read, or silos are not clustered by this database, and none said lately what it hosts.");
        if (partition.Silo is null)
            return (ProjectionCondition.Unplaced, "No silo has taken it yet.");
        if (cluster.IsLiving(partition.Silo) is false)
            return (ProjectionCondition.Unplaced, $"Silo {partition.Silo}, which ran it, is gone; another one is to take it over.");
        if (log.Blocker(partition.Position!.Value, projection.Visible, projection.OldestUnseen) is { } writer)
            return (ProjectionCondition.StalledByWriter, $"The log may still change above position {log.Mark}: {writer}. Let that transaction end.");
        if (projection.State == "rebuilding" && partition.Position < projection.RebuildTarget)
            return (ProjectionCondition.Rebuilding, null);
        return partition.ParkedKeys > 0 ? Parked(partition, projection) : (ProjectionCondition.Running, null);
    }

    private static (ProjectionCondition Condition, string? Reason) AtTheEnd(PartitionFacts partition, ProjectionFacts projection)
    {
        if (partition.ParkedKeys > 0)
            return Parked(partition, projection);
        return (ProjectionCondition.CaughtUp, partition.Position > projection.Visible
            ? string.Create(CultureInfo.InvariantCulture, $"The newest events are missing: it stands at position {partition.Position}, but the log ends at {projection.Visible}. They were deleted; read models still contain them.")
            : null);
    }

    private static (ProjectionCondition Condition, string? Reason) Parked(PartitionFacts partition, ProjectionFacts projection) => (
        ProjectionCondition.Parked,
        string.Create(CultureInfo.InvariantCulture, $"Events of {partition.ParkedKeys} ordering {(partition.ParkedKeys == 1 ? "key" : "keys")} queue behind a failed one. See `pup dead-letters list {projection.Name}`."));

    // As every silo judges it before its first look.
    private static string? WentBack(ProjectionFacts projection, LogFacts log)
    {
        if (log.IsSameSequence is false)
            return string.Create(CultureInfo.InvariantCulture, $"The log's sequence is not the one that its mark {log.Mark} was recorded with (restored, truncated with `restart identity`, or altered). Run `pup doctor`.");
        var recorded = Math.Max(log.Mark ?? 0, projection.Furthest);
        return projection.Visible < recorded && log.SequenceValue < recorded
            ? string.Create(CultureInfo.InvariantCulture, $"Position {recorded} was already seen, but the log ends at {projection.Visible} and its sequence at {log.SequenceValue}: a restore, a truncate or a lost fail-over. Run `pup doctor`.")
            : null;
    }
}
