using System.Globalization;
using Pup.Client.Operations;
using Pup.Silo.Doctor;
using Spectre.Console;

namespace Pup.Silo.Commands.Operations;

/// <summary>Reports for people.</summary>
internal static class ReportText
{
    /// <summary>A condition in the words that JSON has for it.</summary>
    public static string Of(ProjectionCondition condition) => condition switch
    {
        ProjectionCondition.NeverStarted => "never started",
        ProjectionCondition.CaughtUp => "caught up",
        ProjectionCondition.NeedsRebuild => "needs rebuild",
        ProjectionCondition.StalledByWriter => "stalled by writer",
        ProjectionCondition.ForeignWriter => "foreign writer",
        ProjectionCondition.LogWentBack => "log went back",
        _ => condition.ToString().ToLowerInvariant(),
    };

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Age(TimeSpan? age) => age is { } known ? Words.Of(known) : "";

    /// <summary>All projections, a row each, and below them why those that say so fare as they do.</summary>
    public static void List(IReadOnlyList<ProjectionReport> reports)
    {
        var table = Answer.Table("projection", "state", "partitions#", "lag#", "age#", "dead letters#");
        foreach (var report in reports)
        {
            table.Row(
                report.Projection, Of(report.Condition), Number(report.Partitions.Count), Number(report.Lag), Age(report.LagAge), Number(report.DeadLetters));
        }

        Answer.Terminal.Write(table);
        foreach (var report in reports.Where(static report => report.Reason is not null))
            Line($"{report.Projection}: {report.Reason}");
    }

    public static void Lag(IReadOnlyList<ProjectionReport> reports)
    {
        var table = Answer.Table("projection", "lag#", "age#", "mark held back#", "slowest partition#", "log#");
        foreach (var report in reports)
        {
            var slowest = report.Partitions.MaxBy(static partition => partition.Lag);
            table.Row(
                report.Projection, Number(report.Lag), Age(report.LagAge), Age(report.MarkAge),
                slowest is { Lag: > 0 } ? Number(slowest.Partition) : "", Number(report.LogPosition));
        }

        Answer.Terminal.Write(table);
    }

    public static void Status(ProjectionReport report)
    {
        Line($"{report.Projection}: {Of(report.Condition)}, {Number(report.Lag)} behind position {Number(report.LogPosition)}"
            + (report.LagAge is { } age ? $", oldest event {Words.Of(age)} old" : ""));
        if (report.Reason is not null)
            Line(report.Reason);
        if (report.Rebuild is { } rebuild)
            Line(Progress(rebuild));
        if (report.DeadLetters > 0)
            Line($"{Words.Count(report.DeadLetters, "dead letter")}, {Words.Count(report.ParkedKeys, "key")} parked: `pup dead-letters list {report.Projection}`.");
        var table = Answer.Table("#", "state", "position#", "lag#", "parked#", "written#", "silo");
        foreach (var partition in report.Partitions)
        {
            table.Row(
                Number(partition.Partition), Of(partition.Condition), partition.Position is { } position ? Number(position) : "none", Number(partition.Lag),
                Number(partition.ParkedKeys), partition.UpdatedAt is { } at ? Age(TimeProvider.System.GetUtcNow() - at) : "", partition.Silo);
        }

        Answer.Terminal.Write(table);
        foreach (var partition in report.Partitions.Where(partition => partition.Reason is not null && partition.Reason != report.Reason))
            Line($"{partition.Partition}: {partition.Reason}");
    }

    public static string Progress(RebuildProgress progress) =>
        string.Create(CultureInfo.InvariantCulture, $"rebuilding: {progress.Share:P0}, {progress.Applied:N0} of {progress.Total:N0} positions")
        + (progress.Remaining is { } remaining ? $", about {Words.Of(remaining)} left" : "");

    public static void Line(string text) => Answer.Terminal.Write(new Text(Answer.Printable(text) + "\n"));
}
