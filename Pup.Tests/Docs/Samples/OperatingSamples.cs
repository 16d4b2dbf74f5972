using System.Globalization;
using Microsoft.Extensions.Hosting;
using Pup.Client;
using Pup.Client.Operations;

namespace Pup.Tests.Docs.Samples;

internal static class OperatingSamples
{
    #region client
    public static IHostApplicationBuilder Add(IHostApplicationBuilder builder) => builder.AddPupClient();
    #endregion

    #region conditions
    public static async Task<IReadOnlyList<string>> TroubledAsync(IProjectionClient projections, CancellationToken cancellationToken)
    {
        var reports = await projections.ListAsync(cancellationToken);
        return
        [
            .. from report in reports
               where report.Condition is not (ProjectionCondition.CaughtUp or ProjectionCondition.Running)
               select string.Create(CultureInfo.InvariantCulture, $"{report.Projection}: {report.Condition}, {report.Lag} positions behind. {report.Reason}"),
        ];
    }
    #endregion

    #region rebuild
    public static async Task RebuildAsync(IProjectionClient projections, string user, TextWriter output, CancellationToken cancellationToken)
    {
        PupActor.Set(user);
        await foreach (var progress in projections.RebuildAsync("orders", cancellationToken))
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{progress.Share:P0} done, about {progress.Remaining?.TotalSeconds:0} s left"));
    }
    #endregion

    #region retry
    public static async Task<long> RetryAsync(IProjectionClient projections, string error, CancellationToken cancellationToken)
    {
        var letters = await projections.ListDeadLettersAsync("orders", new DeadLetterFilter { Error = error }, cancellationToken);
        foreach (var letter in letters)
        {
            var details = await projections.FindDeadLetterAsync("orders", letter.Id, cancellationToken);
            Console.WriteLine($"{letter.OrderingKey} at {letter.Position}: {details?.FullError}");
        }

        return await projections.RetryDeadLettersAsync("orders", new DeadLetterFilter { Error = error }, cancellationToken);
    }
    #endregion
}
