using Pup.Client.Events;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Testing;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Support;

namespace Pup.Tests.Docs;

/// <summary>Runs the projections that the pages show, on the real worker.</summary>
public sealed class SampleTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Customers_have_documents_that_can_be_read_and_searched()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new Customers(), partitions: 4);
        await PlaceSomeAsync(database);
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync(DocumentIndexSamples.IndexSql);

        Assert.Equal(7.5m, await ReadingSamples.SpentAsync(database.DataSource, "alice", Token));
        Assert.Equal(0, await ReadingSamples.SpentAsync(database.DataSource, "nobody", Token));
        Assert.Equal(["alice", "bob"], await ReadingSamples.WaitingCustomersAsync(database.DataSource, orders: 1).ToListAsync(Token));
        Assert.Equal(["bob"], await ReadingSamples.WaitingCustomersAsync(database.DataSource, orders: 2).ToListAsync(Token));
    }

    [Fact]
    public async Task Queued_statements_fill_a_table_and_a_new_version_of_it_waits_for_a_rebuild()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(() => new OrderTotals());
            await PlaceSomeAsync(database);
            await engine.CaughtUpAsync(database);
            Assert.Equal(10.5m, await database.ScalarAsync<decimal>("select sum(total) from order_totals"));
            Assert.Equal("o1", await database.ScalarAsync<string>("select order_id from order_totals where shipped"));
        }

        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            var runner = (await engine.RunAsync(() => new OrderTotalsWithCustomer()))[0];
            await Eventually.TrueAsync(() => runner.State == PartitionState.Halted, TimeSpan.FromSeconds(10), "the new version is halted");
            Assert.Equal("needs_rebuild", await database.ScalarAsync<string>("select state from projections"));

            var generation = await engine.Feed.GenerationAsync(Token);
            var rebuild = new ProjectionRebuild(engine.Options, TimeProvider.System);
            await rebuild.RunAsync(generation, engine.Define(() => new OrderTotalsWithCustomer()), engine.Feed.MarkOf(generation), Token);
            runner.Wake();
            await engine.CaughtUpAsync(database);
        }

        Assert.Equal(7.5m, await database.ScalarAsync<decimal>("select sum(total) from order_totals where customer = 'alice'"));
    }

    [Fact]
    public async Task A_handler_with_Dapper_decides_by_what_it_reads()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.MaxAttempts = 1);
        await engine.RunAsync(() => new Stock(), partitions: 2);
        await ShopLog.AppendAsync(database, "StockArrived", "delivery", new Order("", "pen", 5, 0));
        await ShopLog.PlaceAsync(database, "o1", "alice", "pen", quantity: 3);
        await ShopLog.PlaceAsync(database, "o2", "bob", "ink");
        await ShopLog.AppendAsync(database, "OrderCancelled", "o1", new Order("alice", "pen", 1, 0));
        await engine.CaughtUpAsync(database);

        Assert.Equal(3, await database.ScalarAsync<int>("select quantity from stock where item = 'pen'"));
        Assert.Equal("ink", await database.ScalarAsync<string>("select ordering_key from projection_dead_letters"));
        Assert.Contains("there are not so many", await database.ScalarAsync<string>("select error from projection_dead_letters"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_with_EF_Core_works_on_the_transaction_of_the_batch()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new Shipments());
        await PlaceSomeAsync(database);
        await engine.CaughtUpAsync(database);

        Assert.Equal(4, await database.ScalarAsync<long>("select count(*) from shipments"));
        Assert.Equal("o1", await database.ScalarAsync<string>("""select "Id" from shipments where "ShippedAt" is not null"""));
    }

    [Fact]
    public async Task One_event_changes_two_documents_and_a_balance_of_zero_is_deleted()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new Balances(), partitions: 3);
        await ShopLog.AppendAsync(database, "MoneyTransferred", "t1", new Transfer("alice", "bob", 10));
        await ShopLog.AppendAsync(database, "MoneyTransferred", "t2", new Transfer("bob", "carol", 10));
        await ShopLog.AppendAsync(database, "MoneyTransferred", "t3", new Transfer("carol", "carol", 3));
        await engine.CaughtUpAsync(database);

        Assert.Equal("alice -10, carol 10", await database.ScalarAsync<string>("select string_agg(id || ' ' || (document ->> 'amount'), ', ' order by id) from balances_documents"));
    }

    [Fact]
    public async Task Tests_with_the_kit_pass()
    {
        var connectionString = server.ConnectionString("postgres");
        await TestKitSamples.An_order_has_its_total_and_is_shipped(connectionString);
        await TestKitSamples.A_customer_has_spent_what_the_orders_cost(connectionString);
        await TestKitSamples.Totals_are_the_same_after_a_rebuild_and_with_other_batches(connectionString);

        await using var kit = await ProjectionTestKit.StartAsync(connectionString, cancellationToken: Token);
        kit.Given("Sales", "Order", "o1", [.. Enumerable.Repeat(0, 5).Select(_ => new Event { EventType = "OrderShipped", Payload = "{}"u8.ToArray() })]);
        await TestKitSamples.The_batches_of_a_failure_again(kit);
    }

    private static async Task PlaceSomeAsync(TestDatabase database)
    {
        await ShopLog.PlaceAsync(database, "o1", "alice", total: 5);
        await ShopLog.PlaceAsync(database, "o2", "bob", total: 1);
        await ShopLog.PlaceAsync(database, "o3", "alice", total: 2.5m);
        await ShopLog.PlaceAsync(database, "o4", "bob", total: 2);
        await ShopLog.AppendAsync(database, "OrderShipped", "o1", new Order("alice", "pen", 1, 5));
    }
}
