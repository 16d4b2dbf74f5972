using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The page statement: eight constants, one for each set of filters a scope can have.</summary>
internal static class EventSql
{
    /// <summary>Ordinal of the running total of bytes.</summary>
    public const int BytesColumn = 14;

    // The byte limit is enforced by the server, as a running total of the rows before: octet_length reads a payload's
    // size from its header, so a page of huge payloads is neither sent nor even read. At least one row always passes.
    private const string Head = """
        select * from (
            select global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id,
                   event_type, event_version, payload, trace_id, correlation_id, causation_id, metadata, created_at,
                   sum(octet_length(payload) + 512 + coalesce(pg_column_size(metadata), 0)) over (order by global_position) as bytes,
                   octet_length(payload) + 512 + coalesce(pg_column_size(metadata), 0) as own_bytes
            from (
                select * from events
                where global_position > $2 and global_position <= $3
        """ + " and " + GenerationCheck.OnFirstParameter;

    private const string Tail = """

                order by global_position
                limit $5) e) e
        where bytes - own_bytes < $4
        order by global_position
        """;

    private static readonly string[] Statements = [.. Enumerable.Range(0, 8).Select(Compose)];

    public static string For(ProjectionScope scope) => Statements[
        (scope.BoundedContexts.IsEmpty ? 0 : 1) | (scope.AggregateTypes.IsEmpty ? 0 : 2) | (scope.EventTypes.IsEmpty ? 0 : 4)];

    /// <summary>The values of the filters, in the order in which the statement numbers them from $6.</summary>
    public static IEnumerable<string[]> Parameters(ProjectionScope scope)
    {
        if (!scope.BoundedContexts.IsEmpty)
            yield return [.. scope.BoundedContexts];
        if (!scope.AggregateTypes.IsEmpty)
            yield return [.. scope.AggregateTypes];
        if (!scope.EventTypes.IsEmpty)
            yield return [.. scope.EventTypes];
    }

    private static string Compose(int filters)
    {
        var parameter = 6;
        var where = "";
        foreach (var (bit, column) in new[] { (1, "bounded_context"), (2, "aggregate_type"), (4, "event_type") })
        {
            if ((filters & bit) != 0)
                where += $" and {column} = any(${parameter++})";
        }

        return Head + where + Tail;
    }
}
