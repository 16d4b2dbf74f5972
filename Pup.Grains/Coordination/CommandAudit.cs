using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Client.Operations.Cluster;
using Pup.Grains.Failures;

namespace Pup.Grains.Coordination;

/// <summary>
/// Writes down who commands what, before it is done and again when it has ended. What cannot be written down is not done; what no
/// silo lived to see the end of stays <c>started</c>. A refusal is an answer: a command that was sent again meanwhile gets the same one.
/// </summary>
internal sealed class CommandAudit(NpgsqlDataSource dataSource)
{
    private const string Done = "done";

    /// <param name="projection">Name of the projection.</param>
    /// <param name="action">What is commanded.</param>
    /// <param name="detail">Its arguments.</param>
    /// <param name="run">Does it; returns how many things it concerned.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>What <paramref name="run"/> returned, now or when the same command was done before.</returns>
    public async Task<long> RunAsync(string projection, string action, object? detail, Func<Task<long>> run, CancellationToken cancellationToken)
    {
        var (id, before, refusal) = await BeginAsync(projection, action, detail, cancellationToken);
        if (refusal is not null)
            throw new ProjectionRefusedException(refusal);
        if (before is { } count)
            return count;
        try
        {
            count = await run();
            await EndAsync(id, Done, new { count });
            return count;
        }
        catch (Exception exception)
        {
            await EndAsync(id, exception.Message, exception is ProjectionRefusedException ? new { refused = true } : (object)new { });
            throw;
        }
    }

    // A command that was sent again, since its answer was lost, has a row already.
    private const string BeginSql = """
        insert into projection_audit as known (actor, action, projection_name, detail, result, operation)
        values ($1, $2, $3, $4::jsonb, 'started', $5)
        on conflict (operation) do update set result = case when known.result = 'done' or known.detail ? 'refused' then known.result else excluded.result end
        returning id, case when result = 'done' then coalesce((detail ->> 'count')::bigint, 0) end, case when detail ? 'refused' then result end
        """;

    private async Task<(long Id, long? Before, string? Refusal)> BeginAsync(string projection, string action, object? detail, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(BeginSql);
        command.Parameters.Add(new() { Value = DeadLetterCommands.Printable(PupActor.Get()) });
        command.Parameters.Add(new() { Value = action });
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = JsonSerializer.Serialize(detail ?? new { }), NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)CommandIdentity.Get() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetString(2));
    }

    private const string EndSql = "update projection_audit set result = $2, detail = detail || $3::jsonb where id = $1";

    private async Task EndAsync(long id, string result, object more)
    {
        await using var command = dataSource.CreateCommand(EndSql);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = DeadLetterCommands.Printable(result) });
        command.Parameters.Add(new() { Value = JsonSerializer.Serialize(more), NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
