using Orleans.Hosting;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo;

namespace Pup.Tests.Docs.Samples;

internal static class ExampleSamples
{
    #region example-single
    public static Task<int> SingleAsync(string[] args) => PupHost.RunAsync(args, pup => pup.AddProjection<OrderTotals>());
    #endregion

    #region example-several
    public static Task<int> SeveralAsync(string[] args) => PupHost.RunAsync(args, pup => pup
        .AddProjection<OrderTotals>()
        .AddProjection<OrderNumbers>(projection => projection.Partitions = 4)
        .AddProjection<LoggedOrders>(projection => projection.ErrorPolicy = ErrorPolicy.Skip));
    #endregion

    #region example-pool
    public static void AddPool(ISiloBuilder silo) => silo
        .AddPup(options =>
        {
            options.TotalPartitions = 16;
            options.Workers = 2;
        })
        .AddProjection<OrderTotals>();
    #endregion

    #region example-stop-resume
    public static async Task MaintainAsync(IProjectionClient projections, Func<Task> work, CancellationToken cancellationToken)
    {
        await projections.PauseAsync("order_totals", cancellationToken);
        try
        {
            await work();
        }
        finally
        {
            await projections.ResumeAsync("order_totals", CancellationToken.None);
        }

        await foreach (var report in projections.CatchUpAsync("order_totals", cancellationToken))
            Console.WriteLine($"{report.Projection} is {report.Lag} positions behind");
    }
    #endregion
}
