using System.CommandLine;
using Pup.Client.Http;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup lag</c>: how far projections are behind the log, once or again and again.</summary>
internal static class LagCommand
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2);

    public static Command Create()
    {
        var watch = new Option<bool>("--watch", "-w") { Description = "Again every two seconds, until interrupted; with --json a line each time." };
        return new Command("lag", "Shows how far all projections are behind the log.") { watch }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            await ShowAsync(operation, json, cancellationToken);
            using var timer = new PeriodicTimer(_pause);
            while (parsed.GetValue(watch) && await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (!json && !Console.IsOutputRedirected)
                    Answer.Terminal.Clear(home: true);
                await ShowAsync(operation, json, cancellationToken);
            }

            return ExitCodes.Done;
        });
    }

    private static async Task ShowAsync(Operation operation, bool json, CancellationToken cancellationToken)
    {
        var reports = await operation.Projections.ListAsync(cancellationToken);
        if (json)
            Answer.Json(reports, HttpJson.Default.IReadOnlyListProjectionReport);
        else
            ReportText.Lag(reports);
    }
}
