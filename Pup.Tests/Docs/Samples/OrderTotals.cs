using System.Text.Json;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region queued-sql
public sealed class OrderTotals : IReadModelProjection, IResettableProjection
{
    private const string CreateSql = """
        create table if not exists order_totals (order_id text primary key, total numeric not null, shipped boolean not null default false)
        """;

    private const string PlacedSql = """
        insert into order_totals (order_id, total) values ($1, $2)
        """;

    private const string ShippedSql = """
        update order_totals set shipped = true where order_id = $1
        """;

    public string Name => "order_totals";

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (@event.EventType == "OrderPlaced")
            transaction.Execute(PlacedSql, @event.AggregateId, JsonSerializer.Deserialize<Order>(@event.Payload.Span, JsonSerializerOptions.Web)!.Total);
        else if (@event.EventType == "OrderShipped")
            transaction.Execute(ShippedSql, @event.AggregateId);
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate order_totals");
        return ValueTask.CompletedTask;
    }
}
#endregion
