using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>What `pup accept-log` does: the operator says that the present log, and no other, is the one to follow.</summary>
internal static class LogAcceptance
{
    // The sequence is read before the checkpoints could grow beyond it: nothing is applied while the log is not accepted.
    private const string AheadSql = """
        select projection_name, last_global_position from projection_checkpoints
        where last_global_position > $1
        order by last_global_position desc
        """;

    // A mark of 0 claims nothing: the first look waits for the writers that are open then.
    private const string AcceptSql = """
        insert into projection_log_mark (mark, sequence_filenode) values (0, $1)
        on conflict (singleton) do update set mark = 0, sequence_filenode = excluded.sequence_filenode, updated_at = now()
        """;

    /// <summary>
    /// Replaces what was recorded of the log by what it is now. Throws <see cref="LogWentBackException"/> as long as a
    /// checkpoint is ahead of it: accepting the log then would skip the events that will be written up to there.
    /// </summary>
    public static async Task AcceptAsync(PupOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var session = await LookSession.OpenAsync(options, time, cancellationToken);
        var reading = await session.LookAsync(cancellationToken);
        await using var source = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(options));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        var ahead = new List<string>();
        await using (var command = new NpgsqlCommand(AheadSql, connection, transaction) { Parameters = { new NpgsqlParameter<long> { TypedValue = reading.SequenceValue } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                ahead.Add($"'{reader.GetString(0)}' at {reader.GetInt64(1)}");
        }

        if (ahead.Count > 0)
            throw new LogWentBackException(
                $"{ahead.Count} checkpoints are ahead of its sequence ({reading.SequenceValue}): {string.Join(", ", ahead.Take(10))}. The log was not accepted.");

        await using (var accept = new NpgsqlCommand(AcceptSql, connection, transaction) { Parameters = { new NpgsqlParameter<long> { TypedValue = reading.Checks.SequenceFilenode!.Value } } })
            await accept.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
