using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// Writes the skip-only progress of all partitions of a silo about once a second, in one transaction. Rows that a batch has
/// locked are passed over: waiting for them in one statement with many rows deadlocks against single-row commits.
/// </summary>
internal sealed partial class SkipWriter(PupOptions options, TimeProvider time, ILogger<SkipWriter> logger)
{
    private readonly ConcurrentDictionary<CheckpointProgress, Generation> _members = new();

    public void Add(CheckpointProgress progress, Generation generation) => _members[progress] = generation;

    public void Remove(CheckpointProgress progress) => _members.TryRemove(progress, out _);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.SkipInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var generation in _members.Values.Distinct().ToList())
                await WriteAsync(generation, cancellationToken);
        }
    }

    /// <summary>One round for one generation.</summary>
    internal async Task WriteAsync(Generation generation, CancellationToken cancellationToken)
    {
        // By epoch too: a former owner of a row may still be winding down in this very silo.
        var moves = _members.Where(member => member.Value == generation)
            .Select(member => member.Key.TryBegin(options.TouchInterval))
            .OfType<SkipMove>()
            .ToDictionary(static move => (move.Progress.Row, move.Progress.Epoch));
        if (moves.Count == 0)
            return;

        Dictionary<(string Row, long Epoch), long>? written = null;
        try
        {
            written = await WriteAsync(generation, moves, cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or IOException or InvalidOperationException)
        {
            LogFailed(moves.Count, exception.Message);
        }

        foreach (var (row, move) in moves)
        {
            if (written is null)
                move.Progress.WriteInDoubt(move);
            else
                move.Progress.Written(written.TryGetValue(row, out var position) ? position : null);
        }
    }

    private const string LockSql = """
        select c.projection_name, c.epoch
        from projection_checkpoints c
        join unnest($1::text[], $2::bigint[], $3::bigint[]) as s (name, epoch, position)
            on c.projection_name = s.name and c.epoch = s.epoch and c.last_global_position = s.position
        where (select 1 / (not pg_try_advisory_xact_lock_shared($4))::int) = 1
        order by c.projection_name
        for no key update of c skip locked
        """;

    private const string MoveSql = """
        update projection_checkpoints c set last_global_position = s.up_to, applied = coalesce(s.applied::jsonb, c.applied), updated_at = now()
        from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) as s (name, epoch, up_to, applied)
        where c.projection_name = s.name and c.epoch = s.epoch
        returning c.projection_name, c.epoch, c.last_global_position
        """;

    private static async Task<Dictionary<(string Row, long Epoch), long>> WriteAsync(
        Generation generation, Dictionary<(string Row, long Epoch), SkipMove> moves, CancellationToken cancellationToken)
    {
        await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var locked = await LockAsync(connection, generation, [.. moves.Values], cancellationToken);
        var written = new Dictionary<(string Row, long Epoch), long>();
        await using (var move = new NpgsqlCommand(MoveSql, connection))
        {
            move.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = locked.ConvertAll(static row => row.Row).ToArray() });
            move.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = locked.ConvertAll(static row => row.Epoch).ToArray() });
            move.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = locked.ConvertAll(row => moves[row].UpTo).ToArray() });
            move.Parameters.Add(new NpgsqlParameter<string?[]> { TypedValue = locked.ConvertAll(row => moves[row].Progress.Applied?.At(moves[row].UpTo).ToJson()).ToArray() });
            await using var reader = await move.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                written[(reader.GetString(0), reader.GetInt64(1))] = reader.GetInt64(2);
        }

        await transaction.CommitAsync(cancellationToken);
        return written;
    }

    private static async Task<List<(string Row, long Epoch)>> LockAsync(
        NpgsqlConnection connection, Generation generation, List<SkipMove> moves, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockSql, connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = moves.ConvertAll(static move => move.Progress.Row).ToArray() });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = moves.ConvertAll(static move => move.Progress.Epoch).ToArray() });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = moves.ConvertAll(static move => move.Stored).ToArray() });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = generation.Key });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(string Row, long Epoch)>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add((reader.GetString(0), reader.GetInt64(1)));
        return rows;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Skip-only progress of {Partitions} partitions was not written, or its outcome is unknown: {Reason}")]
    private partial void LogFailed(int partitions, string reason);
}
