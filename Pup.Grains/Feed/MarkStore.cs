using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>The persisted mark: what a later generation starts from.</summary>
internal static class MarkStore
{
    private const string ReadMarkSql = "select mark, sequence_filenode from projection_log_mark";

    private const string FurthestCheckpointSql = """
        select projection_name, last_global_position from projection_checkpoints
        order by last_global_position desc limit 1
        """;

    public static async Task<PersistedLog> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { new NpgsqlBatchCommand(ReadMarkSql), new NpgsqlBatchCommand(FurthestCheckpointSql) },
        };
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            long? mark = null, filenode = null;
            if (await reader.ReadAsync(cancellationToken))
                (mark, filenode) = (reader.GetInt64(0), reader.GetInt64(1));
            await reader.NextResultAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken)
                ? new PersistedLog(mark, filenode, reader.GetString(0), reader.GetInt64(1))
                : new PersistedLog(mark, filenode, null, 0);
        }
        catch (PostgresException e) when (LookFailure.Explain(e) is { } explanation)
        {
            throw new IncompleteLookException(explanation);
        }
    }

    // Never lower than what is stored, and never over a log that was accepted anew under another sequence.
    private const string WriteSql = $"""
        insert into projection_log_mark as stored (mark, sequence_filenode, updated_at)
        select $2, $3, now() where {GenerationCheck.OnFirstParameter}
        on conflict (singleton) do update set mark = excluded.mark, updated_at = excluded.updated_at
        where stored.sequence_filenode = excluded.sequence_filenode and stored.mark < excluded.mark
        """;

    /// <summary>Raises 22012 once the generation is over.</summary>
    public static async Task WriteAsync(Generation generation, long mark, long sequenceFilenode, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(WriteSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = generation.Key });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = mark });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sequenceFilenode });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
