using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Bench.Engine;

/// <summary>The per-event upsert, as the loops by hand do it.</summary>
internal sealed class OrderTotals : IProjection
{
    private const string Upsert = """
        insert into order_totals as t (aggregate_id, events, amount, last_version) values ($1, 1, $2, $3)
        on conflict (aggregate_id) do update
        set events = t.events + 1, amount = t.amount + excluded.amount, last_version = excluded.last_version
        """;

    public string Name => "order_totals";

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(Upsert, @event.AggregateId, OrderPayload.AmountOf(@event.Payload.Span), @event.AggregateVersion);
        return ValueTask.CompletedTask;
    }
}
