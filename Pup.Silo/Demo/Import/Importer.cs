using System.Text.Json;
using Npgsql;
using Pup.Silo.Demo.History;

namespace Pup.Silo.Demo.Import;

/// <summary>
/// Brings into the log what it does not have yet of a history. A transaction holds whole commits only, so the log's last
/// author event tells where an earlier import ended, however it ended.
/// </summary>
internal sealed class Importer(NpgsqlDataSource dataSource)
{
    private const int EventsPerTransaction = 5000;

    public async Task<ImportResult> ImportAsync(IHistory history, Action<ImportResult>? progress, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await TakeLockAsync(connection, cancellationToken);
        try
        {
            return await AppendAsync(connection, history, progress, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new HistoryException(
                $"The history of {history.Name} is in this log already, in part, or someone else writes to its files ({e.ConstraintName}). Give it a database of its own.");
        }
    }

    private static async Task<ImportResult> AppendAsync(
        NpgsqlConnection connection, IHistory history, Action<ImportResult>? progress, CancellationToken cancellationToken)
    {
        var append = new BulkAppend(connection);
        var batch = new List<AggregateEvent>();
        var result = new ImportResult(0, 0);
        var last = await LastCommitAsync(connection, cancellationToken);
        await foreach (var commit in history.ReadAsync(last, cancellationToken))
        {
            batch.AddRange(SourceEvents.Of(commit));
            result = result with { Commits = result.Commits + 1 };
            if (batch.Count >= EventsPerTransaction)
                await FlushAsync();
        }

        await FlushAsync();
        return result;

        async Task FlushAsync()
        {
            if (batch.Count == 0)
                return;
            await append.AppendAsync(batch, cancellationToken);
            result = result with { Events = result.Events + batch.Count };
            batch.Clear();
            progress?.Invoke(result);
        }
    }

    // Held by the session, so that a process that dies frees it.
    private const string Lock = "select pg_try_advisory_lock(7097350137503)";

    private static async Task TakeLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Lock, connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
            throw new HistoryException("Another import into this database is running. Wait for its end, or give another DATABASE_URL.");
    }

    private const string LastAuthored = """
        select payload from events
        where event_type = 'CommitAuthored' and bounded_context = 'Source' and aggregate_type = 'Author'
        order by global_position desc
        limit 1
        """;

    private static async Task<string?> LastCommitAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LastAuthored, connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not byte[] payload)
            return null;
        using var json = JsonDocument.Parse(payload);
        return json.RootElement.GetProperty("commit").GetString();
    }
}
