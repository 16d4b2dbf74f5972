using System.Text.Json;
using Npgsql;
using Pup.Client.Events;

namespace Pup.Tests.Docs.Samples;

internal static class AppendingSamples
{
    #region append
    public static async Task<AppendResult> PlaceOrderAsync(NpgsqlDataSource dataSource, string orderId, Order order, CancellationToken cancellationToken)
    {
        var store = new EventStore(dataSource);
        var placed = new Event { EventType = "OrderPlaced", Payload = JsonSerializer.SerializeToUtf8Bytes(order, JsonSerializerOptions.Web) };
        return await store.AppendAsync("Sales", "Order", orderId, ExpectedVersion.NoStream, [placed], cancellationToken);
    }
    #endregion
}
