using System.Text.Json;
using Pup.Client.Events;
using Pup.Tests.Support;

namespace Pup.Tests.Docs.Samples;

/// <summary>The log of the samples' shop.</summary>
internal static class ShopLog
{
    public static Order OrderOf(PersistedEvent @event) => JsonSerializer.Deserialize<Order>(@event.Payload.Span, JsonSerializerOptions.Web)!;

    public static Task PlaceAsync(TestDatabase database, string orderId, string customer, string item = "pen", int quantity = 1, decimal total = 1) =>
        AppendingSamples.PlaceOrderAsync(database.DataSource, orderId, new Order(customer, item, quantity, total), TestContext.Current.CancellationToken);

    public static Task AppendAsync(TestDatabase database, string type, string aggregateId, object payload) => new EventStore(database.DataSource).AppendAsync(
        "Sales",
        "Order",
        aggregateId,
        ExpectedVersion.Any,
        [new Event { EventType = type, Payload = JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web) }],
        TestContext.Current.CancellationToken);
}
