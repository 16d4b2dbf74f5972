using Npgsql;
using Pup.Client.Events;
using Pup.Client.Operations;

namespace Pup.Bench.Wait;

/// <summary>A writer's two ways to know that the read model shows its order: to be told, and to look every 5 ms.</summary>
internal sealed class ReadYourWrites(NpgsqlDataSource dataSource, IProjectionClient projections)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private const string Visible = "select exists (select from order_totals where aggregate_id = $1)";

    private readonly EventStore _store = new(dataSource);

    public async Task WaitForAsync(string order, CancellationToken cancellationToken)
    {
        var result = await projections.WaitForAsync("order_totals", await AppendAsync(order, cancellationToken), s_timeout, cancellationToken);
        if (!result.IsApplied)
            throw new BenchException($"A wait ended as {result.Outcome}: {result.Detail}");
    }

    public async Task PollAsync(string order, CancellationToken cancellationToken)
    {
        await AppendAsync(order, cancellationToken);
        while (!await IsVisibleAsync(order, cancellationToken))
            await Task.Delay(s_pause, cancellationToken);
    }

    public async Task<bool> IsVisibleAsync(string order, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Visible);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = order });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private Task<AppendResult> AppendAsync(string order, CancellationToken cancellationToken) => _store.AppendAsync(
        "Sales", "Order", order, ExpectedVersion.NoStream, [new Event { EventType = "OrderPlaced", Payload = "{\"amount\":1}"u8.ToArray() }], cancellationToken);
}
