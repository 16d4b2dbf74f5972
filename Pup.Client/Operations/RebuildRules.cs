using Pup.Client.Operations.Status;

namespace Pup.Client.Operations;

/// <summary>What becomes of a rebuild that is being watched, by facts alone.</summary>
internal static class RebuildRules
{
    /// <param name="facts">The projection as it is now.</param>
    /// <param name="startedAt">When the rebuild began that is watched: its identity.</param>
    /// <param name="target">Where its partitions are to get.</param>
    /// <param name="now">By the server's clock.</param>
    /// <exception cref="ProjectionRefusedException">It will not come to its end by itself.</exception>
    public static RebuildProgress Progress(ProjectionFacts facts, DateTimeOffset startedAt, long target, DateTimeOffset now)
    {
        if (facts.State == "needs_rebuild")
            throw new ProjectionRefusedException($"The rebuild of '{facts.Name}' was given up: {facts.StateReason}");
        if (facts.RebuildStartedAt != startedAt)
            throw new ProjectionRefusedException($"Another rebuild of '{facts.Name}' began at {facts.RebuildStartedAt:u}, in the place of the one from {startedAt:u}.");
        if (facts.Partitions.FirstOrDefault(static partition => partition.Fault is not null) is { Fault: { } fault })
            throw new ProjectionRefusedException($"The rebuild of '{facts.Name}' stands still: {fault} It goes on after `pup resume {facts.Name}`.");
        var total = target * facts.Partitions.Count;
        var applied = facts.RebuildTarget is null ? total : facts.Partitions.Sum(partition => Math.Min(partition.Position ?? 0, target));
        return ReportBuilder.Progress(applied, total, startedAt, now, isRunning: facts.State == "rebuilding");
    }
}
