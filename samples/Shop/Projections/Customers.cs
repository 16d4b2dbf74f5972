using Pup.Client.Events;
using Pup.Grains.Projections;
using Shop.Events;

namespace Shop.Projections;

/// <summary>A document for each customer, made of all of the customer's orders.</summary>
internal sealed class Customers : DocumentProjection<Customer>
{
    public override string Name => "customers";

    public override ProjectionScope Scope { get; } = new(boundedContexts: [ShopLog.Context], eventTypes: [nameof(OrderPlaced)]);

    protected override string? IdentityOf(PersistedEvent @event) => OrderOf(@event).Customer;

    protected override Customer? Apply(Customer? customer, PersistedEvent @event) =>
        new((customer?.Orders ?? 0) + 1, (customer?.Spent ?? 0) + OrderOf(@event).Total, @event.CreatedAt);

    private static OrderPlaced OrderOf(PersistedEvent @event) => (OrderPlaced)ShopLog.Events.Read(@event)!;
}
