using System.Text;

namespace Pup.Tests.Support;

/// <summary>Fills a log in bulk, with aggregate versions that are right.</summary>
internal static class EventLog
{
    /// <summary>Appends events that go round the aggregates <c>a0 … aN-1</c>: the first event of each, then the second, …</summary>
    public static Task AppendAsync(TestDatabase database, int events, int aggregates, string prefix = "a") => database.ExecuteAsync(
        """
        with heads as (
            select aggregate_id, max(aggregate_version) as version from events
            where bounded_context = 'Test' and aggregate_type = 'Thing' group by aggregate_id)
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'Test', 'Thing', $3 || (i % $2), coalesce(heads.version, 0) + 1 + i / $2, gen_random_uuid(), 'Happened', convert_to('{"n":' || i || '}', 'UTF8')
        from generate_series(0, $1 - 1) as i left join heads on heads.aggregate_id = $3 || (i % $2) order by i
        """,
        events,
        aggregates,
        prefix);

    /// <summary>Appends one event with a payload of the caller's.</summary>
    public static Task AppendOneAsync(TestDatabase database, string aggregate, byte[] payload, string type = "Happened") => database.ExecuteAsync(
        """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'Test', 'Thing', $1, coalesce(max(aggregate_version), 0) + 1, gen_random_uuid(), $3, $2
        from events where bounded_context = 'Test' and aggregate_type = 'Thing' and aggregate_id = $1
        """,
        aggregate,
        payload,
        type);

    public static Task AppendOneAsync(TestDatabase database, string aggregate, string payload = "{}", string type = "Happened") =>
        AppendOneAsync(database, aggregate, Encoding.UTF8.GetBytes(payload), type);
}
