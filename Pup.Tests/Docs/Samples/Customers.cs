using System.Text.Json;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region documents
public sealed record Order(string Customer, string Item, int Quantity, decimal Total);

public sealed record Customer(int OpenOrders, decimal Spent);

public sealed class Customers : DocumentProjection<Customer>
{
    public override string Name => "customers";

    public override ProjectionScope Scope { get; } = new(aggregateTypes: ["Order"]);

    protected override string? IdentityOf(PersistedEvent @event) => OrderOf(@event).Customer;

    protected override Customer? Apply(Customer? customer, PersistedEvent @event) => (customer ?? new(0, 0), @event.EventType) switch
    {
        (var it, "OrderPlaced") => it with { OpenOrders = it.OpenOrders + 1, Spent = it.Spent + OrderOf(@event).Total },
        (var it, "OrderShipped") => it with { OpenOrders = it.OpenOrders - 1 },
        _ => customer,
    };

    private static Order OrderOf(PersistedEvent @event) => JsonSerializer.Deserialize<Order>(@event.Payload.Span, JsonSerializerOptions.Web)!;
}
#endregion
