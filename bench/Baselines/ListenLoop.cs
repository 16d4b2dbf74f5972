using Npgsql;

namespace Pup.Bench.Baselines;

/// <summary>
/// What a good programmer would write by hand for low latency: every append notifies, one loop LISTENs, reads and writes. It
/// too must not pass an event that is still in flight, so it asks who is writing; beyond that it has no duties at all: one
/// projection, one process. It reads a copy of the log of its own, since the engine's log has no NOTIFY.
/// </summary>
internal sealed class ListenLoop(string connectionString) : IAsyncDisposable
{
    private const string Own = """
        insert into projection_checkpoints (projection_name, epoch) values ('by_listening', nextval('projection_epochs'))
        on conflict (projection_name) do update set epoch = excluded.epoch
        returning last_global_position, epoch
        """;

    private const string Visible = "select coalesce(max(global_position), 0) from listen_events";

    private const string Writers = """
        select virtualtransaction from pg_locks where locktype = 'relation' and relation = 'listen_events'::regclass
            and database = (select oid from pg_database where datname = current_database()) and mode = 'RowExclusiveLock' and granted
        """;

    private const string Read = """
        select global_position from listen_events
        where global_position > $1 and global_position <= $2 order by global_position limit 500
        """;

    private const string Move = """
        with m as (update projection_checkpoints set last_global_position = $3, updated_at = now()
            where projection_name = 'by_listening' and epoch = $1 and last_global_position = $2 returning 1)
        select 1 / count(*) from m
        """;

    private const string Write = "insert into listen_rows (global_position) values ($1)";

    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connectionString + ";Max Auto Prepare=20;Auto Prepare Min Usages=1");
    private Dictionary<string, long> _floors = [];
    private long _visible;
    private Task _loop = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var listening = await _source.OpenConnectionAsync(cancellationToken);
        await using var listen = new NpgsqlCommand("listen by_hand", listening);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        _loop = RunAsync(listening, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await _source.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(NpgsqlConnection listening, CancellationToken cancellationToken)
    {
        await using var closing = listening;
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var (position, epoch) = await OwnAsync(connection, cancellationToken);
        // Notifications are drained as they come: one left standing would be a look for nothing later.
        using var notified = new SemaphoreSlim(1);
        listening.Notification += (_, _) =>
        {
            if (notified.CurrentCount == 0)
                notified.Release();
        };
        var draining = DrainAsync(listening, cancellationToken);
        while (!draining.IsCompleted)
        {
            await notified.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
            for (var mark = await LookAsync(connection, cancellationToken); mark > position; mark = await LookAsync(connection, cancellationToken))
                position = await ProjectAsync(connection, epoch, position, mark, cancellationToken);
        }
        await draining;
    }

    private static async Task DrainAsync(NpgsqlConnection listening, CancellationToken cancellationToken)
    {
        while (true)
            await listening.WaitAsync(cancellationToken);
    }

    private static async Task<(long Position, long Epoch)> OwnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var own = new NpgsqlCommand(Own, connection);
        await using var row = await own.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt64(0), row.GetInt64(1));
    }

    /// <summary>A writer first seen now has only positions above what was visible at the look before.</summary>
    private async Task<long> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlBatch(connection) { BatchCommands = { new(Visible), new(Writers) } };
        await using var rows = await look.ExecuteReaderAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        var visible = rows.GetInt64(0);
        await rows.NextResultAsync(cancellationToken);
        var floors = new Dictionary<string, long>();
        while (await rows.ReadAsync(cancellationToken))
            floors[rows.GetString(0)] = _floors.GetValueOrDefault(rows.GetString(0), _visible);
        (_floors, _visible) = (floors, visible);
        return floors.Values.Append(visible).Min();
    }

    private static async Task<long> ProjectAsync(NpgsqlConnection connection, long epoch, long position, long mark, CancellationToken cancellationToken)
    {
        var found = new List<long>();
        await using (var read = new NpgsqlCommand(Read, connection) { Parameters = { Is(position), Is(mark) } })
        await using (var rows = await read.ExecuteReaderAsync(cancellationToken))
            while (await rows.ReadAsync(cancellationToken))
                found.Add(rows.GetInt64(0));
        var upTo = found.Count == 500 ? found[^1] : mark;
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { new(Move) { Parameters = { Is(epoch), Is(position), Is(upTo) } } },
        };
        foreach (var global in found)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Write) { Parameters = { Is(global) } });
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return upTo;
    }

    private static NpgsqlParameter<long> Is(long value) => new() { TypedValue = value };
}
