using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region example-scoped
public sealed class CancelledOrders : IReadModelProjection
{
    private const string CreateSql = """
        create table if not exists cancelled_orders (order_id text primary key, cancelled_at timestamptz not null)
        """;

    private const string CancelledSql = """
        insert into cancelled_orders (order_id, cancelled_at) values ($1, $2)
        """;

    public string Name => "cancelled_orders";

    public ProjectionScope Scope { get; } = new(boundedContexts: ["Sales"], aggregateTypes: ["Order"], eventTypes: ["OrderCancelled"]);

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CancelledSql, @event.AggregateId, @event.CreatedAt);
        return ValueTask.CompletedTask;
    }
}
#endregion
