using Npgsql;

namespace Pup.Client.Events;

/// <summary>Reads, after an append was refused, what it ran into: a repeated event id, or another version.</summary>
internal static class AppendConflict
{
    private const string Query = """
        select
            (select aggregate_version from aggregate_heads
                where bounded_context = $1 and aggregate_type = $2 and aggregate_id = $3),
            repeated.event_id,
            repeated.global_position
        from (values (1)) as always_a_row
        left join (select event_id, global_position from events where event_id = any ($4) order by global_position limit 1) as repeated on true
        """;

    /// <summary>
    /// A repeated id outranks the version: the retry of an append that had succeeded finds both, and is told the cause.
    /// </summary>
    public static async Task<Exception> DescribeAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, AggregateKey aggregate, ExpectedVersion expected, Guid[] eventIds,
        PostgresException? violation, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Query, connection, transaction)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = aggregate.BoundedContext },
                new NpgsqlParameter<string> { TypedValue = aggregate.AggregateType },
                new NpgsqlParameter<string> { TypedValue = aggregate.AggregateId },
                new NpgsqlParameter<Guid[]> { TypedValue = eventIds },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!await reader.IsDBNullAsync(1, cancellationToken))
            return new DuplicateEventException(aggregate, reader.GetGuid(1), reader.GetInt64(2), violation);
        var actual = await reader.IsDBNullAsync(0, cancellationToken) ? 0 : reader.GetInt64(0);
        return Describe(aggregate, expected, actual, violation);
    }

    /// <summary>What the violation alone tells. A repeat within the caller's own transaction is visible to nobody else.</summary>
    public static Exception Describe(AggregateKey aggregate, ExpectedVersion expected, long? actual, PostgresException? violation) =>
        violation?.ConstraintName?.Contains("event_id", StringComparison.Ordinal) == true
            ? new DuplicateEventException(aggregate, eventId: null, position: null, violation)
            : new OptimisticConcurrencyException(aggregate, expected, actual, violation);
}
