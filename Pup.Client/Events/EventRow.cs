using Npgsql;

namespace Pup.Client.Events;

/// <summary>The columns of an event as every statement selects them, and the event they make.</summary>
internal static class EventRow
{
    public const string Columns =
        "global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version, payload, trace_id, correlation_id, causation_id, metadata, created_at";

    public static PersistedEvent Read(NpgsqlDataReader reader) => new()
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

    private static string? Text(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
