using Pup.Client.Operations;

namespace Pup.Client.Http.Health;

/// <summary>Decides whether all is well with the projections.</summary>
internal static class HealthVerdict
{
    // Longer than any silo's partitions wait for another one, also of a silo that stands still.
    private static readonly TimeSpan _takeOver = TimeSpan.FromSeconds(30);

    /// <summary>Of those beyond their threshold the one that is furthest; else what is wrong otherwise. Why is not said: a message may quote an event.</summary>
    public static HealthAnswer Of(IReadOnlyList<ProjectionReport> reports, Func<string, long> thresholdOf)
    {
        if (reports.Count == 0)
            return HealthAnswer.Failed("No projection has ever been started.");
        var behind = reports.Select(report => (report.Lag, Threshold: thresholdOf(report.Projection)))
            .Where(projection => projection.Lag > projection.Threshold)
            .OrderByDescending(projection => (double)projection.Lag / Math.Max(1, projection.Threshold))
            .ToArray();
        if (behind is [var (lag, threshold), ..])
            return HealthAnswer.Behind(lag, threshold);
        return reports.FirstOrDefault(IsBroken) is { } broken
            ? HealthAnswer.Failed($"Projection {broken.Projection} is not well: {Words(broken.Condition)}.")
            : HealthAnswer.Healthy;
    }

    // Paused, rebuilding and stalled are told by their lag; of a parked key all else goes on.
    private static bool IsBroken(ProjectionReport report) => Words(report.Condition) is not null && !IsTakenOverSoon(report);

    // Whenever a silo goes its partitions have no owner for a moment: a deployment is nothing to wake anybody for.
    private static bool IsTakenOverSoon(ProjectionReport report) => report is { Condition: ProjectionCondition.Unplaced, IsHosted: true } && report.LagAge < _takeOver;

    private static string? Words(ProjectionCondition condition) => condition switch
    {
        ProjectionCondition.Unknown => "its state is not known",
        ProjectionCondition.NeverStarted => "it has never been started",
        ProjectionCondition.NeedsRebuild => "it needs a rebuild",
        ProjectionCondition.Faulted => "it is faulted",
        ProjectionCondition.Unplaced => "no silo hosts it",
        ProjectionCondition.ForeignWriter => "somebody else moves its checkpoint",
        ProjectionCondition.LogWentBack => "the log went back",
        _ => null,
    };
}
