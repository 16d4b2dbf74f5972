using System.Security.Cryptography;
using Npgsql;
using Polly;
using Polly.Retry;
using Pup.Client.Events;
using Shop.Catalogue;
using Shop.Events;

namespace Shop.Ordering;

/// <summary>
/// Takes orders. What is sold is reserved in the same transaction, at the version of the stock that was decided on: of two orders for the
/// last piece one meets a conflict, looks again, and is refused.
/// </summary>
internal sealed class OrderDesk
{
    private const string Letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

    private readonly NpgsqlDataSource _dataSource;
    private readonly EventStore _store;
    private readonly Warehouse _warehouse;
    private readonly ResiliencePipeline _again;
    private long _conflicts;

    public OrderDesk(NpgsqlDataSource dataSource, EventStore store, Warehouse warehouse)
    {
        (_dataSource, _store, _warehouse) = (dataSource, store, warehouse);
        _again = new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<OptimisticConcurrencyException>(),
                MaxRetryAttempts = 10,
                Delay = TimeSpan.FromMilliseconds(5),
                MaxDelay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                OnRetry = _ =>
                {
                    Interlocked.Increment(ref _conflicts);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>How often somebody else was faster, and the decision was taken anew.</summary>
    public long Conflicts => Interlocked.Read(ref _conflicts);

    public async Task<Decision> PlaceAsync(OrderForm form, CancellationToken cancellationToken)
    {
        if (form.Problem() is { } problem)
            return new Decision.Refused(problem);
        try
        {
            return await _again.ExecuteAsync(async token => await TryPlaceAsync(form, token), cancellationToken);
        }
        catch (OptimisticConcurrencyException)
        {
            return new Decision.Refused($"{Articles.Find(form.Article)!.Name}: too many want it at this moment. Please try again.");
        }
    }

    public async Task<Decision> PayAsync(string orderId, CancellationToken cancellationToken)
    {
        var placed = await _store.ReadStreamAsync(ShopLog.Context, ShopLog.Order, orderId, toVersion: 1, cancellationToken: cancellationToken)
            .FirstOrDefaultAsync(cancellationToken);
        if (placed is null || ShopLog.Events.Read(placed) is not OrderPlaced order)
            return new Decision.Refused("There is no such order.");
        try
        {
            // An order is paid once: its payment does not exist yet.
            var appended = await _store.AppendAsync(
                ShopLog.Context, ShopLog.Payment, orderId, ExpectedVersion.NoStream, [ShopLog.Events.Write(new PaymentReceived(order.Total))], cancellationToken);
            return new Decision.Accepted(orderId, appended);
        }
        catch (OptimisticConcurrencyException)
        {
            return new Decision.Refused("That order is paid already.");
        }
    }

    public async Task<Decision> RestockAsync(string article, int quantity, CancellationToken cancellationToken)
    {
        if (Articles.Find(article) is null)
            return new Decision.Refused("There is no such article.");
        if (quantity is < 1 or > 1_000_000)
            return new Decision.Refused("A delivery has between 1 and 1,000,000 pieces.");
        var appended = await _store.AppendAsync(
            ShopLog.Context, ShopLog.Stock, article, ExpectedVersion.Any, [ShopLog.Events.Write(new StockArrived(quantity))], cancellationToken);
        return new Decision.Accepted("", null, appended);
    }

    private async Task<Decision> TryPlaceAsync(OrderForm form, CancellationToken cancellationToken)
    {
        var article = Articles.Find(form.Article)!;
        // Before the transaction: it takes a connection of its own for a moment.
        var stock = await _warehouse.LookAsync(form.Article, cancellationToken);
        var orderId = RandomNumberGenerator.GetString(Letters, 8);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await OrderRequests.RecordAsync(transaction, form.RequestId, orderId, cancellationToken) is { } earlier)
            return new Decision.Accepted(earlier, null);
        if (stock.Available < form.Quantity)
            return new Decision.Refused(stock.Available == 0 ? $"{article.Name}: sold out." : $"{article.Name}: only {stock.Available} left.");

        var reserved = await _store.AppendAsync(
            ShopLog.Context, ShopLog.Stock, article.Id, ExpectedVersion.Exact(stock.Version),
            [ShopLog.Events.Write(new StockReserved(orderId, form.Quantity))], transaction, cancellationToken);
        var placed = await _store.AppendAsync(
            ShopLog.Context, ShopLog.Order, orderId, ExpectedVersion.NoStream,
            [ShopLog.Events.Write(new OrderPlaced(form.Customer, article.Id, form.Quantity, form.Quantity * article.Price))], transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Decision.Accepted(orderId, placed, reserved);
    }
}
