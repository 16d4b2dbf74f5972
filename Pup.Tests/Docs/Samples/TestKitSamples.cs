using System.Text.Json;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Grains.Testing;

namespace Pup.Tests.Docs.Samples;

internal static class TestKitSamples
{
    #region test-rows
    private static readonly EventTypeRegistry _events = new EventTypeRegistry(JsonSerializerOptions.Web)
        .Add<OrderPlaced>("OrderPlaced")
        .Add<OrderShipped>("OrderShipped");

    public static async Task An_order_has_its_total_and_is_shipped(string server)
    {
        await using var kit = await ProjectionTestKit.StartAsync(server, _events);
        kit.Given("Sales", "Order", "o1", new OrderPlaced("alice", "pen", 2, 5m), new OrderShipped());
        kit.Given("Sales", "Order", "o2", new OrderPlaced("bob", "ink", 1, 3m));

        await kit.RunAsync<OrderTotals>();

        Assert.Equal(
            [("o1", 5m, true), ("o2", 3m, false)],
            await kit.QueryAsync<(string, decimal, bool)>("select order_id, total, shipped from order_totals order by order_id"));
    }
    #endregion

    #region test-documents
    public static async Task A_customer_has_spent_what_the_orders_cost(string server)
    {
        await using var kit = await ProjectionTestKit.StartAsync(server, _events);
        kit.Given("Sales", "Order", "o1", new OrderPlaced("alice", "pen", 2, 5m));
        kit.Given("Sales", "Order", "o2", new OrderPlaced("alice", "ink", 1, 3m));

        await kit.RunAsync(() => new Customers(), partitions: 4);

        var customers = new DocumentReader<Customer>(kit.DataSource, new Customers());
        Assert.Equal(new Customer(OpenOrders: 2, Spent: 8m), await customers.LoadAsync("alice"));
    }
    #endregion

    #region test-verify
    public static async Task Totals_are_the_same_after_a_rebuild_and_with_other_batches(string server)
    {
        await using var kit = await ProjectionTestKit.StartAsync(server, _events);
        for (var order = 0; order < 30; order++)
            kit.Given("Sales", "Order", $"o{order}", new OrderPlaced("alice", "pen", 1, order)).Given("Sales", "Order", $"o{order}", new OrderShipped());

        await kit.VerifyRebuildAsync<OrderTotals>();
        await kit.VerifyBatchingAsync<OrderTotals>();
    }
    #endregion

    #region test-seed
    public static Task The_batches_of_a_failure_again(ProjectionTestKit kit) =>
        kit.VerifyBatchingAsync(() => new OrderTotals(), new ReadModelChecks { Seed = 4711, Tables = ["order_totals"], IgnoredColumns = ["total"] });
    #endregion
}
