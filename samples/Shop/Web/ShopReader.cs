using Dapper;
using Npgsql;
using Pup.Grains.Projections;
using Shop.Catalogue;
using Shop.Projections;

namespace Shop.Web;

/// <summary>Reads the read models, and nothing else: no page ever looks into the log.</summary>
internal sealed class ShopReader(NpgsqlDataSource dataSource)
{
    private const string OrdersSql = """
        select order_id, customer, article, quantity, total, paid, placed_at from shop_orders order by placed_at desc, order_id limit 50
        """;

    private const string OrderSql = """
        select order_id, customer, article, quantity, total, paid, placed_at from shop_orders where order_id = @orderId
        """;

    private const string StockSql = "select article, available, sold, sold_out_at from shop_stock where not starts_with(article, @prefix) order by article";

    private readonly DocumentReader<Customer> _customers = new(dataSource, new Customers());

    public async Task<IReadOnlyList<OrderRow>> OrdersAsync()
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return (await connection.QueryAsync<OrderRow>(OrdersSql)).AsList();
    }

    public async Task<OrderRow?> OrderAsync(string orderId)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return await connection.QuerySingleOrDefaultAsync<OrderRow>(OrderSql, new { orderId });
    }

    public async Task<IReadOnlyList<StockRow>> StockAsync()
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return (await connection.QueryAsync<StockRow>(StockSql, new { prefix = Articles.LoadPrefix })).AsList();
    }

    /// <summary>Customers by name, all of those who have spent at least so much.</summary>
    public async Task<IReadOnlyList<StoredDocument<Customer>>> CustomersAsync(decimal spent)
    {
        var found = new List<StoredDocument<Customer>>();
        await foreach (var customer in _customers.QueryPathAsync("$ ? (@.spent >= $spent)", $$"""{"spent": {{spent.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}"""))
            found.Add(customer);
        return found;
    }
}
