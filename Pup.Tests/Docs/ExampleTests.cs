using Pup.Client.Events;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Support;

namespace Pup.Tests.Docs;

/// <summary>Runs the projections of the page of examples on the real worker.</summary>
public sealed class ExampleTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_scope_lets_a_projection_see_only_what_it_names()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await ShopLog.PlaceAsync(database, "o1", "alice");
        await ShopLog.AppendAsync(database, "OrderCancelled", "o1", new Order("alice", "pen", 1, 1));
        await ShopLog.AppendAsync(database, "OrderShipped", "o2", new Order("bob", "pen", 1, 1));
        var store = new EventStore(database.DataSource);
        var cancelled = new Event { EventType = "OrderCancelled", Payload = "{}"u8.ToArray() };
        await store.AppendAsync("Purchasing", "Order", "elsewhere", ExpectedVersion.Any, [cancelled], Token);
        await store.AppendAsync("Sales", "Voucher", "no-order", ExpectedVersion.Any, [cancelled with { EventId = Guid.NewGuid() }], Token);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => new CancelledOrders()))[0];
        await engine.CaughtUpAsync(database);

        Assert.Equal("o1", await database.ScalarAsync<string>("select string_agg(order_id, ', ') from cancelled_orders"));
        Assert.Equal(1, runner.Journal.Events);
    }

    [Fact]
    public async Task Four_partitions_number_the_orders_of_each_customer_without_a_gap()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        for (var order = 0; order < 200; order++)
            await ShopLog.PlaceAsync(database, $"o{order}", $"customer {order * order % 23}");
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.BatchSize = 10);
        var runners = await engine.RunAsync(() => new OrderNumbers(), partitions: 4);
        await engine.CaughtUpAsync(database);

        Assert.All(runners, runner => Assert.NotEqual(0, runner.Journal.Events));
        Assert.Equal(200, await database.ScalarAsync<long>("select count(*) from order_numbers"));
        // The same by the log alone.
        Assert.Equal(0, await database.ScalarAsync<long>("""
            select count(*) from (
                select convert_from(payload, 'UTF8')::jsonb ->> 'customer' as customer, aggregate_id as order_id,
                    row_number() over (partition by convert_from(payload, 'UTF8')::jsonb ->> 'customer' order by global_position) as number
                from events) as log
            full join order_numbers using (customer, number, order_id)
            where log.order_id is null or order_numbers.order_id is null
            """));
    }
}
