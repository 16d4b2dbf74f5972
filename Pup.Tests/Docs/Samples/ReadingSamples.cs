using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

internal static class ReadingSamples
{
    #region reading
    public static async Task<decimal> SpentAsync(NpgsqlDataSource dataSource, string customer, CancellationToken cancellationToken)
    {
        var customers = new DocumentReader<Customer>(dataSource, new Customers());
        return (await customers.LoadAsync(customer, cancellationToken))?.Spent ?? 0;
    }

    public static async IAsyncEnumerable<string> WaitingCustomersAsync(NpgsqlDataSource dataSource, int orders)
    {
        var customers = new DocumentReader<Customer>(dataSource, new Customers());
        await foreach (var customer in customers.QueryPathAsync("$ ? (@.openOrders >= $orders)", $$"""{"orders": {{orders}}}"""))
            yield return customer.Id;
    }
    #endregion
}
