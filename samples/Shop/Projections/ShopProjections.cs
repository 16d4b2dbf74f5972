using Pup.Grains;

namespace Shop.Projections;

/// <summary>The projections of the shop, for whichever process runs them.</summary>
internal static class ShopProjections
{
    public static void AddTo(PupBuilder pup) => pup
        .AddProjection<OrderList>(projection => projection.Partitions = 4)
        .AddProjection<Customers>(projection => projection.Partitions = 2)
        .AddProjection<StockLevels>();
}
