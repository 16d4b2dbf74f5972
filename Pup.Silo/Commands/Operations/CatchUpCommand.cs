using System.CommandLine;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo.Demo.Reporting;
using Pup.Silo.Doctor;

namespace Pup.Silo.Commands.Operations;

/// <summary>
/// <c>pup catch-up NAME</c>: waits until a projection has applied the log as it stands. Where no living silo hosts it and this
/// program has it, it is run here, once.
/// </summary>
internal static class CatchUpCommand
{
    public static Command Create(Action<PupBuilder> configure)
    {
        var name = OperationCommand.Name();
        return new Command("catch-up", "Waits until a projection has applied the log as it stands; where no silo hosts it, runs it once. Ends with 1 when events are parked.") { name }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            var display = ProgressDisplay.ForThisConsole();
            if (operation.Configuration is { } configuration && await OneOffCatchUp.FindAsync(operation, configuration, configure, projection, cancellationToken) is { } once)
            {
                await using (once)
                    await display.ShowAsync($"Running {projection} once", report => once.RunAsync(report, cancellationToken));
            }
            else
            {
                await display.ShowAsync($"Waiting for {projection}", report => FollowAsync(operation.Projections, projection, report, cancellationToken));
            }

            var last = await operation.Projections.GetAsync(projection, cancellationToken);
            if (json)
                Answer.Json(last, HttpJson.Default.ProjectionReport);
            else
                ReportText.Line(last.ParkedKeys == 0 ? $"{projection} has caught up." : $"{projection} has caught up, but for {Words.Count(last.ParkedKeys, "parked key")}: `pup dead-letters list {projection}`.");
            return last.ParkedKeys == 0 ? ExitCodes.Done : ExitCodes.Failed;
        });
    }

    private static async Task<ProjectionReport?> FollowAsync(IProjectionClient client, string projection, Action<double, string> report, CancellationToken cancellationToken)
    {
        ProjectionReport? last = null;
        await foreach (var now in client.CatchUpAsync(projection, cancellationToken))
        {
            last = now;
            report(now.LogPosition == 0 ? 1 : 1 - ((double)now.Lag / now.LogPosition), $"{ReportText.Number(now.Lag)} behind");
        }

        return last;
    }
}
