using System.Text.Json;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region example-partitioned
public sealed class OrderNumbers : IReadModelProjection, IKeyedProjection
{
    private const string CreateSql = """
        create table if not exists order_numbers (customer text, number bigint, order_id text not null, primary key (customer, number))
        """;

    // No lock: all orders of a customer come to one partition, in order.
    private const string PlacedSql = """
        insert into order_numbers (customer, number, order_id)
        select $1, coalesce(max(number), 0) + 1, $2 from order_numbers where customer = $1
        """;

    public string Name => "order_numbers";

    public string KeyName => "customer";

    public ProjectionScope Scope { get; } = new(eventTypes: ["OrderPlaced"]);

    public int ReadModelVersion => 1;

    public string KeyOf(PersistedEvent @event) => OrderOf(@event).Customer;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(PlacedSql, OrderOf(@event).Customer, @event.AggregateId);
        return ValueTask.CompletedTask;
    }

    private static Order OrderOf(PersistedEvent @event) => JsonSerializer.Deserialize<Order>(@event.Payload.Span, JsonSerializerOptions.Web)!;
}
#endregion
