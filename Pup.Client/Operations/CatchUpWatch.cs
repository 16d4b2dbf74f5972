using System.Runtime.CompilerServices;
using Pup.Client.Operations.Status;

namespace Pup.Client.Operations;

/// <summary>Follows a projection until it has applied what the log holds when that is asked.</summary>
internal sealed class CatchUpWatch(StatusReader status, TimeProvider time)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    public async IAsyncEnumerable<ProjectionReport> FollowAsync(string projection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long? goal = null;
        while (true)
        {
            var snapshot = await status.ReadAsync(projection, patient: true, cancellationToken);
            var facts = snapshot.Projections is [var only] ? only : throw new ProjectionNotFoundException(projection);
            goal ??= facts.Visible;
            var report = ReportBuilder.Build(facts, snapshot.Log, snapshot.Cluster);
            yield return report;
            if (facts.Partitions.All(partition => partition.Position >= goal))
                yield break;
            if (Obstacle(report) is { } obstacle)
                throw new ProjectionRefusedException($"'{projection}' will not catch up with position {goal} by itself: {obstacle}");
            await Task.Delay(_pause, time, cancellationToken);
        }
    }

    // A partition whose silo is gone is taken over soon; it is only when none is left that hosts the projection that nothing happens.
    private static string? Obstacle(ProjectionReport report) => report.Condition switch
    {
        ProjectionCondition.Paused or ProjectionCondition.Faulted or ProjectionCondition.ForeignWriter or ProjectionCondition.NeedsRebuild or ProjectionCondition.LogWentBack => report.Reason,
        ProjectionCondition.Unplaced when report.IsHosted is false => report.Reason,
        _ => null,
    };
}
