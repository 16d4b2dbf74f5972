using System.CommandLine;
using Pup.Client.Http;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup status NAME</c>: one projection with its partitions.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var name = OperationCommand.Name();
        return new Command("status", "Shows one projection with its partitions.") { name }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var report = await operation.Projections.GetAsync(parsed.GetRequiredValue(name), cancellationToken);
            if (json)
                Answer.Json(report, HttpJson.Default.ProjectionReport);
            else
                ReportText.Status(report);
            return ExitCodes.Done;
        });
    }
}
