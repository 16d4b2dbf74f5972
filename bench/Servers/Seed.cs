using Npgsql;

namespace Pup.Bench.Servers;

/// <summary>
/// The log that is projected: 20,000 aggregates, interleaved so that neighbours in the log never share an aggregate, each with
/// versions 1, 2, 3, …, payloads of exactly 200 bytes of JSON.
/// </summary>
internal static class Seed
{
    // 7919 has no factor in common with 20,000: each stretch of 20,000 events visits every aggregate once, in scattered order.
    private const string Events = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'Sales', 'Order', 'order-' || lpad((i * 7919 % 20000)::text, 5, '0'), i / 20000 + 1, gen_random_uuid(), 'OrderLineAdded',
            convert_to(rpad('{"orderLine":' || i || ',"amount":' || i % 100 + 1 || ',"currency":"EUR","note":"', 198, 'a quiet note ') || '"}', 'UTF8')
        from generate_series((select count(*) from events), $1 - 1) as i order by i
        """;

    private const string Heads = """
        insert into aggregate_heads (bounded_context, aggregate_type, aggregate_id, aggregate_version)
        select bounded_context, aggregate_type, aggregate_id, max(aggregate_version) from events group by 1, 2, 3
        on conflict (bounded_context, aggregate_type, aggregate_id) do update set aggregate_version = excluded.aggregate_version
        """;

    private const string Tables = """
        create table if not exists order_totals (aggregate_id text primary key, events bigint not null, amount bigint not null, last_version bigint not null);
        create table if not exists order_documents_by_hand (id text primary key, document jsonb not null)
        """;

    /// <summary>Sum of the amounts of the first <paramref name="events"/> events: what every read model must add up to.</summary>
    public static long AmountOf(long events) => (events / 100 * 5050) + (events % 100 * ((events % 100) + 1) / 2);

    /// <summary>Makes the log <paramref name="events"/> long, from whatever length it has.</summary>
    public static async Task RunAsync(BenchDatabase database, long events, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(Tables, cancellationToken);
        await using var insert = database.DataSource.CreateCommand(Events);
        insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = events });
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await database.ExecuteAsync(Heads, cancellationToken);
        await database.ExecuteAsync("vacuum analyze", cancellationToken);
    }
}
