namespace Pup.Bench;

/// <summary>A read-model table and the query that proves it complete: events, sum of amounts, rows whose last version is their event count.</summary>
internal sealed record ReadModel(string Table, string Proof)
{
    public static ReadModel Totals { get; } = new("order_totals", """
        select coalesce(sum(events), 0)::bigint, coalesce(sum(amount), 0)::bigint, count(*) filter (where last_version <> events) from order_totals
        """);

    /// <summary>A table of jsonb documents, as the fold by hand and the engine's document projection both write it.</summary>
    public static ReadModel Documents(string table) => new(table, $"""
        select coalesce(sum((document ->> 'events')::bigint), 0)::bigint, coalesce(sum((document ->> 'amount')::bigint), 0)::bigint,
            count(*) filter (where document ->> 'lastVersion' <> document ->> 'events') from {table}
        """);
}
