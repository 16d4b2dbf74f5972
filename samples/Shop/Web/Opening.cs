using Npgsql;
using Pup.Client.Events;
using Shop.Catalogue;
using Shop.Events;
using Shop.Ordering;

namespace Shop.Web;

/// <summary>Before the doors open: waits for the tables, makes the shop's own, and fills the shelves on the first day.</summary>
internal sealed partial class Opening(NpgsqlDataSource dataSource, EventStore store, ReadYourWrites reads, ILogger<Opening> logger) : IHostedService
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private string? _said;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var isFirst = true; !await IsReadyAsync(cancellationToken); isFirst = false)
        {
            if (isFirst)
                LogWaiting();
            await Task.Delay(_pause, cancellationToken);
        }

        await using (var create = dataSource.CreateCommand(OrderRequests.CreateSql))
            await create.ExecuteNonQueryAsync(cancellationToken);
        foreach (var article in Articles.All)
            await FillAsync(article, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private const string ReadySql = """
        select count(*) = 4 from unnest(array['events', 'shop_orders', 'shop_stock', 'customers_documents']) as name where to_regclass(name) is not null
        """;

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(ReadySql);
        try
        {
            return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        catch (NpgsqlException exception)
        {
            // Once: it is asked twice a second.
            if (_said != exception.Message)
                LogUnreachable(_said = exception.Message);
            return false;
        }
    }

    private async Task FillAsync(Article article, CancellationToken cancellationToken)
    {
        try
        {
            var filled = await store.AppendAsync(
                ShopLog.Context, ShopLog.Stock, article.Id, ExpectedVersion.NoStream, [ShopLog.Events.Write(new StockArrived(article.Opening))], cancellationToken);
            // The first customer must not find empty shelves.
            await reads.ShowsAsync(new Decision.Accepted("", null, filled), cancellationToken);
        }
        catch (OptimisticConcurrencyException)
        {
            // It is not the first day, or another process was faster.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Waiting for the tables: a silo makes them when it starts (`Shop silo`)")]
    private partial void LogWaiting();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database does not answer: {Reason}. Is DATABASE_URL right? Trying again")]
    private partial void LogUnreachable(string reason);
}
