using Dapper;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Shop.Events;

namespace Shop.Projections;

/// <summary>How much of each article there is, and since when it is sold out. Reads before it writes, so it works on the live connection, with Dapper.</summary>
internal sealed class StockLevels : IReadModelProjection, IResettableProjection
{
    public const string ProjectionName = "stock";

    private const string CreateSql = """
        create table if not exists shop_stock (
            article text primary key, available int not null, sold int not null, sold_out_at timestamptz)
        """;

    private const string ReadSql = "select available, sold from shop_stock where article = @article";

    private const string WriteSql = """
        insert into shop_stock (article, available, sold, sold_out_at) values (@article, @available, @sold, @soldOutAt)
        on conflict (article) do update set available = excluded.available, sold = excluded.sold, sold_out_at = excluded.sold_out_at
        """;

    public string Name => ProjectionName;

    public ProjectionScope Scope { get; } = new(boundedContexts: [ShopLog.Context], aggregateTypes: [ShopLog.Stock]);

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        return ValueTask.CompletedTask;
    }

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var live = await transaction.OpenAsync(cancellationToken);
        var connection = live.Connection!;
        var article = @event.AggregateId;
        var (available, sold) = await connection.QuerySingleOrDefaultAsync<(int, int)>(new CommandDefinition(ReadSql, new { article }, live, cancellationToken: cancellationToken));
        (available, sold) = ShopLog.Events.Read(@event) switch
        {
            StockArrived arrived => (available + arrived.Quantity, sold),
            StockReserved reserved => (available - reserved.Quantity, sold + reserved.Quantity),
            _ => (available, sold),
        };
        DateTimeOffset? soldOutAt = available == 0 ? @event.CreatedAt : null;
        await connection.ExecuteAsync(new CommandDefinition(WriteSql, new { article, available, sold, soldOutAt }, live, cancellationToken: cancellationToken));
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate shop_stock");
        return ValueTask.CompletedTask;
    }
}
