using System.Data;
using System.Globalization;
using Npgsql;

namespace Pup.Silo.Commands;

/// <summary>Records the log as it now stands in place of the one whose positions were recorded, and who said so.</summary>
internal sealed class LogAcceptance(NpgsqlDataSource dataSource)
{
    private const string CheckpointsBeyond = """
        select projection_name, last_global_position, (select coalesce(max(global_position), 0) from events)
        from projection_checkpoints
        where last_global_position > (select coalesce(max(global_position), 0) from events)
        order by projection_name
        """;

    // The mark goes to 0: only the writers of the next first look can tell how far this log is decided.
    private const string Accept = """
        insert into projection_log_mark as m (mark, sequence_filenode)
        values (0, pg_relation_filenode(pg_get_serial_sequence('events', 'global_position')::regclass)::bigint)
        on conflict (singleton) do update set mark = 0, sequence_filenode = excluded.sequence_filenode, updated_at = now()
        """;

    private const string Audit = "insert into projection_audit (actor, action, result) values ($1, 'accept-log', 'done')";

    /// <summary>What was done, in a line.</summary>
    /// <exception cref="StartupException">Checkpoints stand beyond the end of the log.</exception>
    public async Task<string> AcceptAsync(string actor, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        if (await BeyondAsync(connection, cancellationToken) is { } beyond)
            throw new StartupException(beyond);
        await using (var accept = new NpgsqlCommand(Accept, connection))
            await accept.ExecuteNonQueryAsync(cancellationToken);
        await using (var audit = new NpgsqlCommand(Audit, connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = actor } } })
            await audit.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return "The log is accepted as it now stands. Running silos go on by themselves.";
    }

    private static async Task<string?> BeyondAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CheckpointsBeyond, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new List<string>();
        var end = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(string.Create(CultureInfo.InvariantCulture, $"{reader.GetString(0)} at {reader.GetInt64(1)}"));
            end = reader.GetInt64(2);
        }

        return names.Count == 0
            ? null
            : $"Nothing was accepted: the log ends at position {end}, but checkpoints stand beyond it ({string.Join(", ", names)}). "
              + "Restore checkpoints and read models that match this log, or empty the read models and delete these rows of projection_checkpoints; then run `pup accept-log` again.";
    }
}
