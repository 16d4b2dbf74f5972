using Orleans.Hosting;
using Pup.Grains;

namespace Pup.Tests.Docs.Samples;

internal static class SiloSamples
{
    #region silo
    public static void AddProjections(ISiloBuilder silo, string connectionString) => silo
        .AddPup(options => options.ConnectionString = connectionString)
        .AddProjection<Customers>(projection => projection.Partitions = 4)
        .AddProjection<OrderTotals>();
    #endregion
}
