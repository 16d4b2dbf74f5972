using Npgsql;

namespace Pup.Tests.Support;

/// <summary>Writes as pupsourcing v1's Go adapter does: several statements in one transaction, the head read without a lock.</summary>
internal static class GoWriter
{
    /// <summary>Appends with Any; false when another writer was faster, as its ErrOptimisticConcurrency.</summary>
    public static async Task<bool> TryAppendAsync(
        NpgsqlDataSource dataSource, string boundedContext, string aggregateType, string aggregateId, int events, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            var head = await ScalarAsync(
                connection,
                "select aggregate_version from aggregate_heads where bounded_context = $1 and aggregate_type = $2 and aggregate_id = $3",
                [boundedContext, aggregateType, aggregateId],
                cancellationToken);
            var version = head is long current ? current : 0;
            for (var i = 0; i < events; i++)
            {
                await ScalarAsync(
                    connection,
                    """
                    insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, event_version,
                        payload, trace_id, correlation_id, causation_id, metadata, created_at)
                    values ($1, $2, $3, $4, $5, 'GoEvent', 1, $6, null, null, null, null, now()) returning global_position
                    """,
                    [boundedContext, aggregateType, aggregateId, ++version, Guid.NewGuid(), "{}"u8.ToArray()],
                    cancellationToken);
            }

            await ScalarAsync(
                connection,
                """
                insert into aggregate_heads (bounded_context, aggregate_type, aggregate_id, aggregate_version, updated_at)
                values ($1, $2, $3, $4, now())
                on conflict (bounded_context, aggregate_type, aggregate_id) do update set aggregate_version = $4, updated_at = now()
                """,
                [boundedContext, aggregateType, aggregateId, version],
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>Moves a checkpoint as a Go worker does: an upsert without any fence.</summary>
    public static async Task UpdateCheckpointAsync(NpgsqlDataSource dataSource, string name, long position, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await ScalarAsync(
            connection,
            """
            insert into projection_checkpoints (projection_name, last_global_position, updated_at) values ($1, $2, now())
            on conflict (projection_name) do update set last_global_position = excluded.last_global_position, updated_at = excluded.updated_at
            """,
            [name, position],
            cancellationToken);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, object[] args, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var arg in args)
            command.Parameters.Add(new() { Value = arg });
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
