using Dapper;
using Npgsql;

namespace Pup.Tests.Docs.Samples;

internal static class ObservabilitySamples
{
    #region observability-queries
    private const string RateSql = """
        select event_type as "EventType", sum(events)::bigint as "Events" from events_per_minute
        where minute >= date_trunc('minute', now(), 'UTC') - @span group by event_type order by event_type
        """;

    private const string SilentSql = """
        select aggregate_type from last_events where created_at < now() - @span order by created_at
        """;

    public static async Task<IEnumerable<(string EventType, long Events)>> RatesAsync(NpgsqlConnection connection, TimeSpan span) =>
        await connection.QueryAsync<(string, long)>(RateSql, new { span });

    public static async Task<IEnumerable<string>> SilentAsync(NpgsqlConnection connection, TimeSpan span) =>
        await connection.QueryAsync<string>(SilentSql, new { span });
    #endregion
}
