using System.Text;
using System.Threading.Channels;
using Npgsql;

namespace Pup.Bench.Baselines;

/// <summary>
/// The same by hand with one reader of the log that fans out to one pipelining writer per partition. See
/// <see cref="PipelinedLoop"/> for why a batch is one round trip and one transaction.
/// </summary>
internal sealed class FanOutLoop(string connectionString, int partitions) : IContender
{
    private const int BatchSize = 500;

    private const string Own = """
        insert into projection_checkpoints (projection_name, epoch) values ($1, nextval('projection_epochs'))
        on conflict (projection_name) do update set epoch = excluded.epoch
        returning last_global_position, epoch
        """;

    private const string Read = """
        select global_position, aggregate_id, aggregate_version, payload from events
        where global_position > $1 and global_position <= $2 order by global_position limit 4000
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

    public string Name => "pipelined_fan_out";

    public ReadModel ReadModel => ReadModel.Totals;

    public async Task RunAsync(long target, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var writers = await Task.WhenAll(Enumerable.Range(0, partitions).Select(p => Writer.OpenAsync(source, p, cancellationToken)));
        // Whoever fails takes the others with it: no one waits for room or for events that will not come.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] all = [ReadAsync(source, writers, target, stop.Token), .. writers.Select(w => w.RunAsync(stop.Token))];
        await foreach (var done in Task.WhenEach(all))
            if (!done.IsCompletedSuccessfully)
                await stop.CancelAsync();
        await Task.WhenAll(all);
        foreach (var writer in writers)
            await writer.DisposeAsync();
    }

    /// <summary>Reads the log once, from the lowest checkpoint on, and hands each partition its events, 500 at a time.</summary>
    private async Task ReadAsync(NpgsqlDataSource source, Writer[] writers, long target, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var read = new NpgsqlCommand(Read, connection) { Parameters = { Is(0L), Is(target) } };
        await read.PrepareAsync(cancellationToken);
        var pending = writers.Select(_ => new List<Order>(BatchSize)).ToArray();
        for (var (position, more) = (writers.Min(w => w.Position), true); more;)
        {
            Set(read.Parameters, 0, position);
            await using var rows = await read.ExecuteReaderAsync(cancellationToken);
            for (more = rows.HasRows; await rows.ReadAsync(cancellationToken);)
            {
                position = rows.GetInt64(0);
                var id = rows.GetString(1);
                var partition = PartitionOf(id);
                if (position <= writers[partition].Position)
                    continue;
                pending[partition].Add(new Order(id, rows.GetInt64(2), OrderPayload.AmountOf(rows.GetFieldValue<byte[]>(3))));
                if (pending[partition].Count < BatchSize)
                    continue;
                await writers[partition].Batches.Writer.WriteAsync((pending[partition], position), cancellationToken);
                pending[partition] = new List<Order>(BatchSize);
            }
        }
        foreach (var (writer, orders) in writers.Zip(pending))
        {
            await writer.Batches.Writer.WriteAsync((orders, target), cancellationToken);
            writer.Batches.Writer.TryComplete();
        }
    }

    private static NpgsqlParameter<T> Is<T>(T value) => new() { TypedValue = value };

    private static void Set<T>(NpgsqlParameterCollection parameters, int index, T value) =>
        ((NpgsqlParameter<T>)parameters[index]).TypedValue = value;

    private int PartitionOf(string id) => partitions == 1 ? 0
        : (int)(Encoding.UTF8.GetBytes(id).Aggregate(2166136261u, (hash, b) => (hash ^ b) * 16777619) % (uint)partitions);

    private readonly record struct Order(string Id, long Version, long Amount);

    private sealed record Writer(NpgsqlConnection Connection, string Name, long Position, long Epoch) : IAsyncDisposable
    {
        public Channel<(List<Order> Orders, long UpTo)> Batches { get; } = Channel.CreateBounded<(List<Order>, long)>(2);

        public static async Task<Writer> OpenAsync(NpgsqlDataSource source, int partition, CancellationToken cancellationToken)
        {
            var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var own = new NpgsqlCommand(Own, connection) { Parameters = { Is($"by_hand_p{partition}") } };
            await using var row = await own.ExecuteReaderAsync(cancellationToken);
            await row.ReadAsync(cancellationToken);
            return new Writer(connection, $"by_hand_p{partition}", row.GetInt64(0), row.GetInt64(1));
        }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            var position = Position;
            await using var batch = new NpgsqlBatch(Connection)
            {
                BatchCommands = { new NpgsqlBatchCommand(Move) { Parameters = { Is(Name), Is(Epoch), Is(0L), Is(0L) } } },
            };
            await foreach (var (orders, upTo) in Batches.Reader.ReadAllAsync(cancellationToken))
            {
                var grown = batch.BatchCommands.Count < orders.Count + 1;
                while (batch.BatchCommands.Count > orders.Count + 1)
                    batch.BatchCommands.RemoveAt(batch.BatchCommands.Count - 1);
                while (batch.BatchCommands.Count < orders.Count + 1)
                    batch.BatchCommands.Add(new NpgsqlBatchCommand(Upsert) { Parameters = { Is(""), Is(0L), Is(0L) } });
                Set(batch.BatchCommands[0].Parameters, 2, position);
                Set(batch.BatchCommands[0].Parameters, 3, upTo);
                for (var i = 0; i < orders.Count; i++)
                {
                    var upsert = batch.BatchCommands[i + 1].Parameters;
                    Set(upsert, 0, orders[i].Id);
                    Set(upsert, 1, orders[i].Amount);
                    Set(upsert, 2, orders[i].Version);
                }
                if (grown)
                    await batch.PrepareAsync(cancellationToken);
                await batch.ExecuteNonQueryAsync(cancellationToken);
                position = upTo;
            }
        }

        public ValueTask DisposeAsync() => Connection.DisposeAsync();
    }
}
