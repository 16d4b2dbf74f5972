using Npgsql;

namespace Shop.Ordering;

/// <summary>The shop's own table of the forms that it has accepted: a row commits together with the events of its order.</summary>
internal static class OrderRequests
{
    public const string CreateSql = """
        create table if not exists shop_requests (
            request_id uuid primary key, order_id text not null, accepted_at timestamptz not null default now())
        """;

    // The second of two that come at the same time waits here until the first has committed.
    private const string RecordSql = """
        insert into shop_requests (request_id, order_id) values ($1, $2) on conflict (request_id) do nothing
        """;

    private const string FindSql = "select order_id from shop_requests where request_id = $1";

    /// <returns>The order that the request had led to already; null when it is new.</returns>
    public static async Task<string?> RecordAsync(NpgsqlTransaction transaction, Guid request, string orderId, CancellationToken cancellationToken)
    {
        await using var record = new NpgsqlCommand(RecordSql, transaction.Connection, transaction) { Parameters = { new() { Value = request }, new() { Value = orderId } } };
        if (await record.ExecuteNonQueryAsync(cancellationToken) == 1)
            return null;
        await using var find = new NpgsqlCommand(FindSql, transaction.Connection, transaction) { Parameters = { new() { Value = request } } };
        return (string?)await find.ExecuteScalarAsync(cancellationToken);
    }
}
