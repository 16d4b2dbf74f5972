using Npgsql;
using NpgsqlTypes;

namespace Pup.Silo.Demo.Import;

/// <summary>
/// Appends events of many aggregates in one transaction, in the order given, with one COPY. Versions go on from
/// <c>aggregate_heads</c>, whose rows stay locked until the end; another writer of a new aggregate meets the unique key.
/// </summary>
internal sealed class BulkAppend(NpgsqlConnection connection)
{
    private readonly record struct Aggregate(string Type, string Id);

    public async Task AppendAsync(IReadOnlyList<AggregateEvent> events, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // In one order for everybody, so that two appends wait for each other and never deadlock.
        var aggregates = events.Select(e => new Aggregate(e.AggregateType, e.AggregateId)).Distinct()
            .OrderBy(a => a.Type, StringComparer.Ordinal).ThenBy(a => a.Id, StringComparer.Ordinal).ToArray();
        var versions = await LockHeadsAsync(aggregates, cancellationToken);
        await CopyAsync(events, versions, cancellationToken);
        await WriteHeadsAsync(aggregates, versions, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private const string LockHeads = """
        select h.aggregate_type, h.aggregate_id, h.aggregate_version
        from unnest($1::text[], $2::text[]) as a (aggregate_type, aggregate_id)
        join aggregate_heads h on h.bounded_context = 'Source' and h.aggregate_type = a.aggregate_type and h.aggregate_id = a.aggregate_id
        order by h.aggregate_type collate "C", h.aggregate_id collate "C"
        for update of h
        """;

    private async Task<Dictionary<Aggregate, long>> LockHeadsAsync(Aggregate[] aggregates, CancellationToken cancellationToken)
    {
        await using var command = Command(LockHeads, aggregates);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var versions = new Dictionary<Aggregate, long>(aggregates.Length);
        while (await reader.ReadAsync(cancellationToken))
            versions[new Aggregate(reader.GetString(0), reader.GetString(1))] = reader.GetInt64(2);
        return versions;
    }

    private const string Copy = """
        copy events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version, payload, correlation_id)
        from stdin (format binary)
        """;

    private async Task CopyAsync(IReadOnlyList<AggregateEvent> events, Dictionary<Aggregate, long> versions, CancellationToken cancellationToken)
    {
        await using var writer = await connection.BeginBinaryImportAsync(Copy, cancellationToken);
        foreach (var (type, id, e) in events)
        {
            var aggregate = new Aggregate(type, id);
            var version = versions.GetValueOrDefault(aggregate) + 1;
            versions[aggregate] = version;
            await writer.StartRowAsync(cancellationToken);
            await writer.WriteAsync(SourceEvents.Context, NpgsqlDbType.Text, cancellationToken);
            await writer.WriteAsync(type, NpgsqlDbType.Text, cancellationToken);
            await writer.WriteAsync(id, NpgsqlDbType.Text, cancellationToken);
            await writer.WriteAsync(version, NpgsqlDbType.Bigint, cancellationToken);
            await writer.WriteAsync(e.EventId, NpgsqlDbType.Uuid, cancellationToken);
            await writer.WriteAsync(e.EventType, NpgsqlDbType.Text, cancellationToken);
            await writer.WriteAsync(e.EventVersion, NpgsqlDbType.Integer, cancellationToken);
            await writer.WriteAsync(e.Payload, NpgsqlDbType.Bytea, cancellationToken);
            await writer.WriteAsync(e.CorrelationId, NpgsqlDbType.Text, cancellationToken);
        }

        await writer.CompleteAsync(cancellationToken);
    }

    private const string WriteHeads = """
        insert into aggregate_heads (bounded_context, aggregate_type, aggregate_id, aggregate_version, updated_at)
        select 'Source', aggregate_type, aggregate_id, aggregate_version, now()
        from unnest($1::text[], $2::text[], $3::bigint[]) as a (aggregate_type, aggregate_id, aggregate_version)
        on conflict (bounded_context, aggregate_type, aggregate_id)
        do update set aggregate_version = excluded.aggregate_version, updated_at = excluded.updated_at
        """;

    private async Task WriteHeadsAsync(Aggregate[] aggregates, Dictionary<Aggregate, long> versions, CancellationToken cancellationToken)
    {
        await using var command = Command(WriteHeads, aggregates);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. aggregates.Select(a => versions[a])] });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, Aggregate[] aggregates)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. aggregates.Select(a => a.Type)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. aggregates.Select(a => a.Id)] });
        return command;
    }
}
