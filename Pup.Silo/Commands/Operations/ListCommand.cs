using System.CommandLine;
using Pup.Client.Http;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup list</c>: all projections.</summary>
internal static class ListCommand
{
    public static Command Create() => new Command("list", "Lists all projections: how they fare, their lag, their dead letters.").Does(static async (_, operation, json, cancellationToken) =>
    {
        var reports = await operation.Projections.ListAsync(cancellationToken);
        if (json)
            Answer.Json(reports, HttpJson.Default.IReadOnlyListProjectionReport);
        else if (reports.Count == 0)
            ReportText.Line("There are no projections yet: a silo registers its own when it starts.");
        else
            ReportText.List(reports);
        return ExitCodes.Done;
    });
}
