using System.Text;
using Npgsql;

namespace Pup.Bench.Baselines;

/// <summary>
/// What a good programmer would write by hand without an engine: one loop per partition, each reading the whole log and
/// keeping its own share, upserts pipelined 500 at a time. A batch is one round trip: without an explicit BEGIN the server
/// takes the statements up to the protocol's Sync for one transaction, so read model and checkpoint commit together, and
/// the first statement, which fences and moves the checkpoint, undoes everything when it fails.
/// </summary>
internal sealed class PipelinedLoop(string connectionString, int partitions) : IContender
{
    private const int BatchSize = 500;

    private const string Own = """
        insert into projection_checkpoints (projection_name, epoch) values ($1, nextval('projection_epochs'))
        on conflict (projection_name) do update set epoch = excluded.epoch
        returning last_global_position, epoch
        """;

    private const string Read = """
        select global_position, aggregate_id, aggregate_version, payload from events
        where global_position > $1 and global_position <= $2 order by global_position limit 2000
        """;

    private const string Move = """
        with m as (update projection_checkpoints set last_global_position = $4, updated_at = now()
            where projection_name = $1 and epoch = $2 and last_global_position = $3 returning 1)
        select 1 / count(*) from m
        """;

    private const string Upsert = """
        insert into order_totals as t (aggregate_id, events, amount, last_version) values ($1, 1, $2, $3)
        on conflict (aggregate_id) do update
        set events = t.events + 1, amount = t.amount + excluded.amount, last_version = excluded.last_version
        """;

    public string Name => "pipelined";

    public ReadModel ReadModel => ReadModel.Totals;

    public async Task RunAsync(long target, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await Task.WhenAll(Enumerable.Range(0, partitions)
            .Select(partition => Task.Run(() => ProjectAsync(source, partition, target, cancellationToken), cancellationToken)));
    }

    private async Task ProjectAsync(NpgsqlDataSource source, int partition, long target, CancellationToken cancellationToken)
    {
        await using var reading = await source.OpenConnectionAsync(cancellationToken);
        await using var writing = await source.OpenConnectionAsync(cancellationToken);
        var name = partitions == 1 ? "by_hand" : $"by_hand_p{partition}";
        var (position, epoch) = await OwnAsync(writing, name, cancellationToken);
        await using var read = new NpgsqlCommand(Read, reading) { Parameters = { Is(position), Is(target) } };
        await read.PrepareAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(writing)
        {
            BatchCommands = { new NpgsqlBatchCommand(Move) { Parameters = { Is(name), Is(epoch), Is(0L), Is(0L) } } },
        };

        var next = NextAsync(read, partition, position, target, cancellationToken);
        while (position < target)
        {
            var (orders, upTo) = await next;
            // The next events are read and decoded while the server works on these.
            next = NextAsync(read, partition, upTo, target, cancellationToken);
            for (var start = 0; position < upTo; start += BatchSize)
            {
                var chunk = orders[start..Math.Min(start + BatchSize, orders.Count)];
                var end = start + BatchSize >= orders.Count ? upTo : chunk[^1].Position;
                if (Fill(batch, chunk, position, end))
                    await batch.PrepareAsync(cancellationToken);
                await batch.ExecuteNonQueryAsync(cancellationToken);
                position = end;
            }
        }
        await next;
    }

    private static async Task<(long Position, long Epoch)> OwnAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var own = new NpgsqlCommand(Own, connection) { Parameters = { Is(name) } };
        await using var row = await own.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt64(0), row.GetInt64(1));
    }

    /// <summary>Events of this partition after a position: at least one batch of them unless the log ends before, and how far it read.</summary>
    private async Task<(List<Order> Orders, long UpTo)> NextAsync(NpgsqlCommand read, int partition, long position, long target, CancellationToken cancellationToken)
    {
        var orders = new List<Order>(4 * BatchSize);
        while (orders.Count < BatchSize && position < target)
        {
            Set(read.Parameters, 0, position);
            await using var rows = await read.ExecuteReaderAsync(cancellationToken);
            if (!rows.HasRows)
                position = target;
            while (await rows.ReadAsync(cancellationToken))
            {
                position = rows.GetInt64(0);
                var id = rows.GetString(1);
                if (PartitionOf(id) == partition)
                    orders.Add(new Order(position, id, rows.GetInt64(2), OrderPayload.AmountOf(rows.GetFieldValue<byte[]>(3))));
            }
        }
        return (orders, position);
    }

    private static bool Fill(NpgsqlBatch batch, List<Order> orders, long from, long to)
    {
        var grown = batch.BatchCommands.Count < orders.Count + 1;
        while (batch.BatchCommands.Count > orders.Count + 1)
            batch.BatchCommands.RemoveAt(batch.BatchCommands.Count - 1);
        while (batch.BatchCommands.Count < orders.Count + 1)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Upsert) { Parameters = { Is(""), Is(0L), Is(0L) } });
        Set(batch.BatchCommands[0].Parameters, 2, from);
        Set(batch.BatchCommands[0].Parameters, 3, to);
        for (var i = 0; i < orders.Count; i++)
        {
            var upsert = batch.BatchCommands[i + 1].Parameters;
            Set(upsert, 0, orders[i].Id);
            Set(upsert, 1, orders[i].Amount);
            Set(upsert, 2, orders[i].Version);
        }
        return grown;
    }

    private static NpgsqlParameter<T> Is<T>(T value) => new() { TypedValue = value };

    private static void Set<T>(NpgsqlParameterCollection parameters, int index, T value) =>
        ((NpgsqlParameter<T>)parameters[index]).TypedValue = value;

    private int PartitionOf(string id) => partitions == 1 ? 0
        : (int)(Encoding.UTF8.GetBytes(id).Aggregate(2166136261u, (hash, b) => (hash ^ b) * 16777619) % (uint)partitions);

    private readonly record struct Order(long Position, string Id, long Version, long Amount);
}
