using Orleans.Hosting;
using Pup.Grains;
using Pup.Silo;

namespace Pup.Tests.Docs.Samples;

internal static class SiloSamples
{
    #region host
    public static Task<int> RunAsync(string[] args) => PupHost.RunAsync(args, pup => pup
        .AddProjection<Customers>(projection => projection.Partitions = 4)
        .AddProjection<OrderTotals>());
    #endregion

    #region silo
    public static void AddProjections(ISiloBuilder silo, string connectionString) => silo
        .AddPup(options => options.ConnectionString = connectionString)
        .AddProjection<Customers>(projection => projection.Partitions = 4)
        .AddProjection<OrderTotals>();
    #endregion
}
