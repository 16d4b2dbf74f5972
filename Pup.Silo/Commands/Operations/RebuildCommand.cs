using System.CommandLine;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Silo.Demo.Reporting;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup rebuild NAME</c> and <c>pup cancel-rebuild NAME</c>.</summary>
internal static class RebuildCommand
{
    public static Command Create()
    {
        var (name, yes) = (OperationCommand.Name(), OperationCommand.Yes());
        var command = new Command("rebuild", "Empties a read model and applies the log again from the start. Shows progress; interrupted, it leaves the rebuild to the silos.") { name, yes };
        return command.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            await operation.Projections.GetAsync(projection, cancellationToken);
            await Confirmation.DemandAsync($"This empties the read model of '{projection}' and fills it again from the whole log.", parsed.GetValue(yes), cancellationToken);
            var last = await ProgressDisplay.ForThisConsole().ShowAsync(
                $"Rebuilding {projection}", report => FollowAsync(operation.Projections.RebuildAsync(projection, cancellationToken), report, cancellationToken));
            if (json)
                Answer.Json(last, HttpJson.Default.RebuildProgress);
            else
                ReportText.Line($"Rebuilt {projection}: {ReportText.Number(last.Total)} positions.");
            return ExitCodes.Done;
        });
    }

    public static Command CreateCancel()
    {
        var (name, yes) = (OperationCommand.Name(), OperationCommand.Yes());
        return new Command("cancel-rebuild", "Gives a rebuild up; the projection needs another one before it runs.") { name, yes }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            await operation.Projections.GetAsync(projection, cancellationToken);
            await Confirmation.DemandAsync($"The read model of '{projection}' stays incomplete until it is rebuilt.", parsed.GetValue(yes), cancellationToken);
            await operation.Projections.CancelRebuildAsync(projection, cancellationToken);
            return new Done(projection, "cancel-rebuild").Tell(json, $"The rebuild of {projection} was given up; it needs another one: `pup rebuild {projection}`.");
        });
    }

    private static async Task<RebuildProgress> FollowAsync(IAsyncEnumerable<RebuildProgress> rebuild, Action<double, string> report, CancellationToken cancellationToken)
    {
        RebuildProgress? last = null;
        await foreach (var progress in rebuild.WithCancellation(cancellationToken))
        {
            last = progress;
            report(progress.Share, $"{ReportText.Number(progress.Applied)} of {ReportText.Number(progress.Total)}, {(progress.Remaining is null ? "" : ReportText.Age(progress.Remaining) + " left")}".TrimEnd(' ', ','));
        }

        return last ?? throw new ProjectionRefusedException("The rebuild said nothing of itself.");
    }
}
