using Npgsql;
using Pup.Client.Events;

namespace Pup.Grains.Feed;

/// <summary>Reads single events by position, for dead letters that are applied after all.</summary>
internal static class EventLookup
{
    private const string ReadSql = """
        select global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version,
            payload, trace_id, correlation_id, causation_id, metadata::text, created_at
        from events where global_position = any($1) order by global_position
        """;

    public static async Task<List<PersistedEvent>> ReadAsync(Generation generation, IReadOnlyList<long> positions, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(ReadSql);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. positions] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<PersistedEvent>();
        while (await reader.ReadAsync(cancellationToken))
            events.Add(Map(reader));
        return events;
    }

    private static PersistedEvent Map(NpgsqlDataReader reader) => new()
    {
        GlobalPosition = reader.GetInt64(0),
        BoundedContext = reader.GetString(1),
        AggregateType = reader.GetString(2),
        AggregateId = reader.GetString(3),
        AggregateVersion = reader.GetInt64(4),
        EventId = reader.GetGuid(5),
        EventType = reader.GetString(6),
        EventVersion = reader.GetInt32(7),
        Payload = reader.GetFieldValue<byte[]>(8),
        TraceId = Text(reader, 9),
        CorrelationId = Text(reader, 10),
        CausationId = Text(reader, 11),
        Metadata = Text(reader, 12),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(13),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
