using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Pup.Client.Events;

/// <summary>One append, checked and laid out as arrays, ready to be sent (again).</summary>
internal sealed class AppendBatch
{
    // Order matters. The head is read without a lock, the events go in first and the head after them, exactly as pupsourcing's
    // own statements do it: the unique index on the versions is where writers meet. Locking the head first would deadlock
    // with a Go writer that has inserted and is about to move the head.
    // The position is the column's own default, so it is taken while this statement holds its lock on the table.
    private const string Append = """
        with head as materialized (
            select (select aggregate_version from aggregate_heads
                where bounded_context = $1 and aggregate_type = $2 and aggregate_id = $3) as version
        ), appended as (
            insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version,
                event_id, event_type, event_version, payload, trace_id, correlation_id, causation_id, metadata, created_at)
            select $1, $2, $3, coalesce(head.version, 0) + new.number,
                new.event_id, new.event_type, new.event_version, new.payload, new.trace_id, new.correlation_id, new.causation_id,
                new.metadata::jsonb, coalesce(new.created_at, now())
            from head, unnest($5::uuid[], $6::text[], $7::int[], $8::bytea[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[])
                with ordinality as new (event_id, event_type, event_version, payload, trace_id, correlation_id, causation_id, metadata, created_at, number)
            where $4 = -1 or head.version is not distinct from nullif($4, 0)
            order by new.number
            returning global_position, aggregate_version
        ), moved as (
            insert into aggregate_heads (bounded_context, aggregate_type, aggregate_id, aggregate_version, updated_at)
            select $1, $2, $3, max(aggregate_version), now() from appended having count(*) > 0
            on conflict (bounded_context, aggregate_type, aggregate_id)
            do update set aggregate_version = excluded.aggregate_version, updated_at = excluded.updated_at
        )
        select global_position, aggregate_version from appended order by aggregate_version
        """;

    // A statement of its own, so that the next one sees what the previous holder committed. Only where the append is the whole
    // transaction: one lock at a time fills no lock table and closes no circle.
    private const string Queue = "select pg_advisory_xact_lock($1)";

    private readonly ExpectedVersion _expected;
    private readonly IReadOnlyList<Event> _events;
    private readonly CausalIds[] _ids;

    public AppendBatch(AggregateKey aggregate, ExpectedVersion expected, IReadOnlyList<Event> events, Activity? activity)
    {
        AppendValidation.Check(aggregate, events);
        Aggregate = aggregate;
        _expected = expected;
        _events = events;
        _ids = [.. events.Select(@event => CausalIds.Of(@event, activity))];
        EventIds = [.. events.Select(@event => @event.EventId)];
    }

    public AggregateKey Aggregate { get; }

    public Guid[] EventIds { get; }

    /// <summary>The result; or none, with the unique violation if it came to one.</summary>
    public async Task<(AppendResult? Result, PostgresException? Violation)> ExecuteAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (transaction is null && _expected.IsAny)
            batch.BatchCommands.Add(new(Queue) { Parameters = { new NpgsqlParameter<long> { TypedValue = QueueKey() } } });
        batch.BatchCommands.Add(Command());
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (batch.BatchCommands.Count > 1)
                await reader.NextResultAsync(cancellationToken);
            var positions = new List<long>(_events.Count);
            long lastVersion = 0;
            while (await reader.ReadAsync(cancellationToken))
            {
                positions.Add(reader.GetInt64(0));
                lastVersion = reader.GetInt64(1);
            }

            // To the very end: outside a transaction the commit's own failure (a deferred constraint) arrives only there.
            while (await reader.NextResultAsync(cancellationToken))
            {
            }

            return (positions.Count == 0 ? null : new AppendResult(positions, lastVersion - positions.Count + 1, lastVersion), null);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation && IsOurs(error))
        {
            return (null, error);
        }
    }

    // A trigger on the log may violate something of its own; and a repeated position means a sequence that was set back.
    private static bool IsOurs(PostgresException violation) =>
        violation.ConstraintName is { } name
        && (name.Contains("event_id", StringComparison.Ordinal) || name.Contains("aggregate", StringComparison.Ordinal));

    private NpgsqlBatchCommand Command() => new(Append)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = Aggregate.BoundedContext },
            new NpgsqlParameter<string> { TypedValue = Aggregate.AggregateType },
            new NpgsqlParameter<string> { TypedValue = Aggregate.AggregateId },
            new NpgsqlParameter<long> { TypedValue = _expected.Number },
            Array(NpgsqlDbType.Uuid, EventIds),
            Array(NpgsqlDbType.Text, _events.Select(@event => @event.EventType)),
            Array(NpgsqlDbType.Integer, _events.Select(@event => @event.EventVersion)),
            Array(NpgsqlDbType.Bytea, _events.Select(@event => @event.Payload)),
            Array(NpgsqlDbType.Text, _ids.Select(ids => ids.TraceId)),
            Array(NpgsqlDbType.Text, _ids.Select(ids => ids.CorrelationId)),
            Array(NpgsqlDbType.Text, _ids.Select(ids => ids.CausationId)),
            Array(NpgsqlDbType.Text, _events.Select(@event => @event.Metadata)),
            Array(NpgsqlDbType.TimestampTz, _events.Select(@event => @event.CreatedAt?.UtcDateTime)),
        },
    };

    private static NpgsqlParameter<T[]> Array<T>(NpgsqlDbType element, IEnumerable<T> values) =>
        new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | element };

    private long QueueKey()
    {
        var name = Encoding.UTF8.GetBytes($"pup append\0{Aggregate.BoundedContext}\0{Aggregate.AggregateType}\0{Aggregate.AggregateId}");
        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(name));
    }
}
