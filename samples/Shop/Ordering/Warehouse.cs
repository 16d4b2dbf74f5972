using System.Collections.Concurrent;
using Pup.Client.Events;
using Shop.Events;

namespace Shop.Ordering;

/// <summary>
/// Reads the stock of an article from its events: what decides is the log, not a read model, which may be behind. What was read is
/// remembered, so only what is new is read the next time; should it be stale, the append's expected version notices.
/// </summary>
internal sealed class Warehouse(EventStore store)
{
    private readonly ConcurrentDictionary<string, OnHand> _known = new(StringComparer.Ordinal);

    public async Task<OnHand> LookAsync(string article, CancellationToken cancellationToken)
    {
        var stock = _known.GetValueOrDefault(article) ?? new OnHand(0, 0);
        await foreach (var @event in store.ReadStreamAsync(ShopLog.Context, ShopLog.Stock, article, stock.Version + 1, cancellationToken: cancellationToken))
        {
            stock = new OnHand(@event.AggregateVersion, ShopLog.Events.Read(@event) switch
            {
                StockArrived arrived => stock.Available + arrived.Quantity,
                StockReserved reserved => stock.Available - reserved.Quantity,
                _ => stock.Available,
            });
        }

        return _known.AddOrUpdate(article, stock, (_, other) => other.Version > stock.Version ? other : stock);
    }
}
