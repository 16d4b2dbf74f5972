using System.Text.Json;
using Pup.Client.Events;

namespace Shop.Events;

/// <summary>What the shop calls things in its log, and how its events are written there.</summary>
internal static class ShopLog
{
    public const string Context = "Shop";

    public const string Order = "Order";

    public const string Payment = "Payment";

    public const string Stock = "Stock";

    public static EventTypeRegistry Events { get; } = new EventTypeRegistry(JsonSerializerOptions.Web)
        .Add<OrderPlaced>(nameof(OrderPlaced))
        .Add<PaymentReceived>(nameof(PaymentReceived))
        .Add<StockArrived>(nameof(StockArrived))
        .Add<StockReserved>(nameof(StockReserved));
}
