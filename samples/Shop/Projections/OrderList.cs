using Pup.Client.Events;
using Pup.Grains.Projections;
using Shop.Events;

namespace Shop.Projections;

/// <summary>A row for each order. Its statements are queued, and travel together with those of all other events of the batch.</summary>
internal sealed class OrderList : IReadModelProjection, IResettableProjection
{
    public const string ProjectionName = "orders";

    private const string CreateSql = """
        create table if not exists shop_orders (
            order_id text primary key, customer text not null, article text not null, quantity int not null, total numeric not null,
            paid numeric not null default 0, placed_at timestamptz not null)
        """;

    private const string IndexSql = "create index if not exists shop_orders_latest on shop_orders (placed_at desc)";

    private const string PlacedSql = """
        insert into shop_orders (order_id, customer, article, quantity, total, placed_at) values ($1, $2, $3, $4, $5, $6)
        """;

    private const string PaidSql = "update shop_orders set paid = paid + $2 where order_id = $1";

    public string Name => ProjectionName;

    public ProjectionScope Scope { get; } = new(boundedContexts: [ShopLog.Context], aggregateTypes: [ShopLog.Order, ShopLog.Payment]);

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        transaction.Execute(IndexSql);
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        switch (ShopLog.Events.Read(@event))
        {
            case OrderPlaced placed:
                transaction.Execute(PlacedSql, @event.AggregateId, placed.Customer, placed.Article, placed.Quantity, placed.Total, @event.CreatedAt);
                break;
            case PaymentReceived payment:
                transaction.Execute(PaidSql, @event.AggregateId, payment.Amount);
                break;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate shop_orders");
        return ValueTask.CompletedTask;
    }
}
