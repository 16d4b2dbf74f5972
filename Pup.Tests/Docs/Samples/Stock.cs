using System.Text.Json;
using Dapper;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region dapper
public sealed class Stock : IReadModelProjection, IKeyedProjection
{
    private const string CreateSql = """
        create table if not exists stock (item text primary key, quantity int not null);
        """;

    private const string SellSql = """
        update stock set quantity = quantity - @quantity where item = @item and quantity >= @quantity returning quantity
        """;

    private const string FillSql = """
        insert into stock (item, quantity) values (@item, @quantity)
        on conflict (item) do update set quantity = stock.quantity + excluded.quantity
        """;

    public string Name => "stock";

    public string KeyName => "item";

    public int ReadModelVersion => 1;

    public string KeyOf(PersistedEvent @event) => OrderOf(@event).Item;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        return ValueTask.CompletedTask;
    }

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var order = OrderOf(@event);
        var live = await transaction.OpenAsync(cancellationToken);
        var connection = live.Connection!;
        if (@event.EventType == "OrderPlaced" && await connection.ExecuteScalarAsync<int?>(SellSql, order, live) is null)
            throw new InvalidOperationException($"Item '{order.Item}' was sold {order.Quantity} times, but there are not so many.");
        if (@event.EventType == "OrderCancelled" || @event.EventType == "StockArrived")
            await connection.ExecuteAsync(FillSql, order, live);
    }

    private static Order OrderOf(PersistedEvent @event) => JsonSerializer.Deserialize<Order>(@event.Payload.Span, JsonSerializerOptions.Web)!;
}
#endregion
