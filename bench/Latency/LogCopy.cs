namespace Pup.Bench.Latency;

/// <summary>One log, how to append to it, and the table in which its events become visible. The engine's is appended to without a NOTIFY.</summary>
internal sealed record LogCopy(string Events, string Rows, bool Notifies)
{
    public static LogCopy OfTheEngine { get; } = new("events", "engine_rows", Notifies: false);

    public static LogCopy ByHand { get; } = new("listen_events", "listen_rows", Notifies: true);

    public const string Tables = """
        create table engine_rows (global_position bigint primary key);
        create table listen_rows (global_position bigint primary key);
        create table listen_events (like events including all);
        create sequence listen_positions owned by listen_events.global_position;
        alter table listen_events alter column global_position set default nextval('listen_positions')
        """;

    public string Append => $"""
        insert into {Events} (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        values ('Sales', 'Order', $1, $2, gen_random_uuid(), 'OrderPlaced', $3) returning global_position
        """;

    public string Look => $"select global_position from {Rows} where global_position > $1 order by global_position";
}
