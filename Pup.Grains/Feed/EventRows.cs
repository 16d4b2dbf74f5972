using System.Collections.Concurrent;
using Npgsql;
using Pup.Client.Events;

namespace Pup.Grains.Feed;

/// <summary>Turns rows into events. Names that repeat in every event are kept once.</summary>
internal sealed class EventRows
{
    // A log that puts identities into its type names must not make this grow without end.
    private const int NamesLimit = 10_000;
    // The objects themselves, their headers and the page's entry.
    private const int FixedBytes = 300;
    private static readonly DateTimeOffset PostgresEpoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly long MaxMicroseconds = (DateTimeOffset.MaxValue - PostgresEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
    private static readonly long MinMicroseconds = (DateTimeOffset.MinValue - PostgresEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>The row that the reader stands on, or null when its payload was too large to come along.</summary>
    public FeedEvent? Read(NpgsqlDataReader reader)
    {
        // In the order of the columns: going back to an earlier one means counting from the start of the row.
        var position = reader.GetInt64(0);
        var context = Name(reader.GetString(1));
        var type = Name(reader.GetString(2));
        var aggregateId = reader.GetString(3);
        var version = reader.GetInt64(4);
        var eventId = reader.GetGuid(5);
        var eventType = Name(reader.GetString(6));
        var eventVersion = reader.GetInt32(7);
        if (reader.IsDBNull(EventSql.PayloadColumn))
            return null;
        var read = new PersistedEvent
        {
            GlobalPosition = position,
            BoundedContext = context,
            AggregateType = type,
            AggregateId = aggregateId,
            AggregateVersion = version,
            EventId = eventId,
            EventType = eventType,
            EventVersion = eventVersion,
            Payload = reader.GetFieldValue<byte[]>(EventSql.PayloadColumn),
            TraceId = Text(reader, 9),
            CorrelationId = Text(reader, 10),
            CausationId = Text(reader, 11),
            Metadata = Text(reader, 12),
            CreatedAt = Time(reader.GetFieldValue<long>(13)),
        };
        return new FeedEvent(read, Partitions.Partitioner.Hash(aggregateId));
    }

    /// <summary>About what an event takes in memory.</summary>
    public static long BytesOf(PersistedEvent read) =>
        FixedBytes + read.Payload.Length
        + 2L * (read.AggregateId.Length + Length(read.TraceId) + Length(read.CorrelationId) + Length(read.CausationId) + Length(read.Metadata));

    // Read as PostgreSQL's own microseconds: 'infinity' and years that .NET does not have must not stop the feed.
    private static DateTimeOffset Time(long microseconds) => microseconds >= MaxMicroseconds ? DateTimeOffset.MaxValue
        : microseconds <= MinMicroseconds ? DateTimeOffset.MinValue
        : PostgresEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    private static int Length(string? text) => text?.Length ?? 0;

    private static string? Text(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    private string Name(string name)
    {
        if (_names.TryGetValue(name, out var known))
            return known;
        return _names.Count < NamesLimit ? _names.GetOrAdd(name, name) : name;
    }
}
