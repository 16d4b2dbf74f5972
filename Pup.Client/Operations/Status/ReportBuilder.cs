namespace Pup.Client.Operations.Status;

/// <summary>Makes the report of a projection out of facts.</summary>
internal static class ReportBuilder
{
    public static ProjectionReport Build(ProjectionFacts projection, LogFacts log, ClusterFacts cluster)
    {
        var partitions = new PartitionReport[projection.Partitions.Count];
        for (var index = 0; index < partitions.Length; index++)
            partitions[index] = Build(projection.Partitions[index], projection, log, cluster);
        var foremost = ConditionRules.Foremost(partitions);
        return new ProjectionReport
        {
            Projection = projection.Name,
            Condition = foremost.Condition,
            Reason = foremost.Reason,
            IsHosted = cluster.IsHosted(projection.Name),
            LogPosition = projection.Visible,
            Lag = partitions.Max(static partition => partition.Lag),
            LagAge = projection.OldestUnseen is { } oldest ? Max(TimeSpan.Zero, log.Now - oldest) : null,
            MarkAge = log.MarkAge(projection.Visible, projection.OldestUnseen),
            ParkedKeys = projection.Partitions.Sum(static partition => partition.ParkedKeys),
            DeadLetters = projection.DeadLetters,
            Rebuild = Rebuild(projection, log.Now),
            Partitions = partitions,
        };
    }

    /// <summary>How far a rebuild is that is under way; null when there is none.</summary>
    public static RebuildProgress? Rebuild(ProjectionFacts projection, DateTimeOffset now)
    {
        if (projection.RebuildTarget is not { } target || projection.RebuildStartedAt is not { } startedAt || projection.State is not ("rebuilding" or "paused"))
            return null;
        var applied = projection.Partitions.Sum(partition => Math.Min(partition.Position ?? 0, target));
        return Progress(applied, target * projection.Partitions.Count, startedAt, now, isRunning: projection.State == "rebuilding");
    }

    /// <summary>Progress, with an estimate at the speed so far.</summary>
    public static RebuildProgress Progress(long applied, long total, DateTimeOffset startedAt, DateTimeOffset now, bool isRunning)
    {
        var isDone = applied >= total;
        TimeSpan? remaining = isDone ? TimeSpan.Zero
            : applied > 0 && now > startedAt && isRunning ? (now - startedAt) * ((double)(total - applied) / applied)
            : null;
        return new RebuildProgress(applied, total, startedAt, remaining, isDone);
    }

    private static PartitionReport Build(PartitionFacts partition, ProjectionFacts projection, LogFacts log, ClusterFacts cluster)
    {
        var (condition, reason) = ConditionRules.Of(partition, projection, log, cluster);
        return new PartitionReport
        {
            Partition = partition.Partition,
            Condition = condition,
            Reason = reason,
            Position = partition.Position,
            Lag = Math.Max(0, projection.Visible - (partition.Position ?? 0)),
            UpdatedAt = partition.UpdatedAt,
            Silo = partition.Silo is { } silo && cluster.IsLiving(silo) is not false ? silo : null,
            ParkedKeys = partition.ParkedKeys,
        };
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
