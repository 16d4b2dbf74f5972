using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

/// <summary>The next version of <see cref="OrderTotals"/>: what an author changes when the table gets a column.</summary>
public sealed class OrderTotalsWithCustomer : IReadModelProjection, IResettableProjection
{
    private readonly OrderTotals _before = new();

    public string Name => "order_totals";

    public ProjectionScope Scope => ProjectionScope.All;

    #region versioned
    public int ReadModelVersion => 2;

    public async ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        await _before.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);
        transaction.Execute("alter table order_totals add column if not exists customer text");
    }
    #endregion

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        await _before.HandleAsync(@event, transaction, cancellationToken);
        if (@event.EventType == "OrderPlaced")
            transaction.Execute("update order_totals set customer = $2 where order_id = $1", @event.AggregateId, ShopLog.OrderOf(@event).Customer);
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken) => _before.ResetAsync(transaction, cancellationToken);
}
