using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The two page statements, each in eight constants: one for each set of filters a scope can have.</summary>
internal static class EventSql
{
    /// <summary>Ordinal of the payload.</summary>
    public const int PayloadColumn = 8;

    /// <summary>Ordinal of the running total of bytes in the measured statement.</summary>
    public const int BytesColumn = 14;

    // octet_length takes a payload's size from its header: a large one is neither sent nor even read.
    private const string Size = "octet_length(payload) + coalesce(pg_column_size(metadata), 0)";

    // A payload larger than $4 comes as null: where the row stands, its reader stops. With $4 = bytes / rows no page can
    // be too large, at a twentieth of what the running total of the measured statement costs.
    private const string PlainHead = $"""
        select global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version,
               case when {Size} <= $4 then payload end, trace_id, correlation_id, causation_id,
               case when metadata is not null and {Size} <= $4 then metadata end, created_at
        from events
        where global_position > $2 and global_position <= $3 and {GenerationCheck.OnFirstParameter}
        """;

    private const string PlainTail = """

        order by global_position
        limit $5
        """;

    // Rows come until those before them exceed $4 bytes in all: at least one, whatever its size.
    private const string MeasuredHead = $"""
        select * from (
            select global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version,
                   payload, trace_id, correlation_id, causation_id, metadata, created_at,
                   sum({Size}) over (order by global_position rows unbounded preceding) as bytes, {Size} as own
            from (
                select * from events
                where global_position > $2 and global_position <= $3 and {GenerationCheck.OnFirstParameter}
        """;

    private const string MeasuredTail = """

                order by global_position
                limit $5) e) e
        where bytes - own < $4
        order by global_position
        """;

    private static readonly string[] PlainStatements = [.. Enumerable.Range(0, 8).Select(filters => PlainHead + Filters(filters) + PlainTail)];
    private static readonly string[] MeasuredStatements = [.. Enumerable.Range(0, 8).Select(filters => MeasuredHead + Filters(filters) + MeasuredTail)];

    /// <summary>For payloads of a usual size.</summary>
    public static string Plain(ProjectionScope scope) => PlainStatements[Index(scope)];

    /// <summary>For payloads so large that a page must be cut.</summary>
    public static string Measured(ProjectionScope scope) => MeasuredStatements[Index(scope)];

    /// <summary>The values of the filters, in the order in which the statements number them from $6.</summary>
    public static IEnumerable<string[]> Parameters(ProjectionScope scope)
    {
        if (!scope.BoundedContexts.IsEmpty)
            yield return [.. scope.BoundedContexts];
        if (!scope.AggregateTypes.IsEmpty)
            yield return [.. scope.AggregateTypes];
        if (!scope.EventTypes.IsEmpty)
            yield return [.. scope.EventTypes];
    }

    private static int Index(ProjectionScope scope) =>
        (scope.BoundedContexts.IsEmpty ? 0 : 1) | (scope.AggregateTypes.IsEmpty ? 0 : 2) | (scope.EventTypes.IsEmpty ? 0 : 4);

    private static string Filters(int filters)
    {
        var parameter = 6;
        var where = "";
        foreach (var (bit, column) in new[] { (1, "bounded_context"), (2, "aggregate_type"), (4, "event_type") })
        {
            if ((filters & bit) != 0)
                where += $" and {column} = any(${parameter++})";
        }

        return where;
    }
}
