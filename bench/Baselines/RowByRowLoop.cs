using System.Text;
using Npgsql;

namespace Pup.Bench.Baselines;

/// <summary>
/// The same loop with one prepared round trip per statement: BEGIN, the fence that also moves the checkpoint, 500 upserts one
/// by one, COMMIT. This is what projections look like that pass the transaction to their handler. See <see cref="PipelinedLoop"/>.
/// </summary>
internal sealed class RowByRowLoop(string connectionString, int partitions) : IContender
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

    public string Name => "row_by_row";

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
        await using var move = new NpgsqlCommand(Move, writing) { Parameters = { Is(name), Is(epoch), Is(0L), Is(0L) } };
        await using var upsert = new NpgsqlCommand(Upsert, writing) { Parameters = { Is(""), Is(0L), Is(0L) } };
        await move.PrepareAsync(cancellationToken);
        await upsert.PrepareAsync(cancellationToken);

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
                await using var transaction = await writing.BeginTransactionAsync(cancellationToken);
                Set(move.Parameters, 2, position);
                Set(move.Parameters, 3, end);
                await move.ExecuteNonQueryAsync(cancellationToken);
                foreach (var order in chunk)
                {
                    Set(upsert.Parameters, 0, order.Id);
                    Set(upsert.Parameters, 1, order.Amount);
                    Set(upsert.Parameters, 2, order.Version);
                    await upsert.ExecuteNonQueryAsync(cancellationToken);
                }
                await transaction.CommitAsync(cancellationToken);
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

    private static NpgsqlParameter<T> Is<T>(T value) => new() { TypedValue = value };

    private static void Set<T>(NpgsqlParameterCollection parameters, int index, T value) =>
        ((NpgsqlParameter<T>)parameters[index]).TypedValue = value;

    private int PartitionOf(string id) => partitions == 1 ? 0
        : (int)(Encoding.UTF8.GetBytes(id).Aggregate(2166136261u, (hash, b) => (hash ^ b) * 16777619) % (uint)partitions);

    private readonly record struct Order(long Position, string Id, long Version, long Amount);
}
