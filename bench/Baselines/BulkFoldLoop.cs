using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;

namespace Pup.Bench.Baselines;

/// <summary>
/// The documents that a document projection writes, by hand: one reader, one writer per partition that loads the documents of
/// a batch in one query, folds in memory, and writes each changed one in bulk together with the checkpoint: two round trips a
/// batch. The load needs no lock: had another owner written since, the fence would undo the write.
/// </summary>
internal sealed class BulkFoldLoop(string connectionString, int partitions) : IContender
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

    private const string Load = "select id, document::text from order_documents_by_hand where id = any($1)";

    private const string Write = """
        insert into order_documents_by_hand (id, document) select * from unnest($1::text[], $2::jsonb[])
        on conflict (id) do update set document = excluded.document
        """;

    public string Name => "bulk_fold";

    public ReadModel ReadModel => ReadModel.Documents("order_documents_by_hand");

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
            await writer.Connection.DisposeAsync();
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

    private sealed record Writer(NpgsqlConnection Connection, string Name, long Position, long Epoch)
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
            await using var load = new NpgsqlCommand(Load, Connection) { Parameters = { Is<string[]>([]) } };
            await using var save = new NpgsqlBatch(Connection)
            {
                BatchCommands =
                {
                    new NpgsqlBatchCommand(Move) { Parameters = { Is(Name), Is(Epoch), Is(0L), Is(0L) } },
                    new NpgsqlBatchCommand(Write) { Parameters = { Is<string[]>([]), new NpgsqlParameter<string[]> { TypedValue = [], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb } } },
                },
            };
            await load.PrepareAsync(cancellationToken);
            await save.PrepareAsync(cancellationToken);
            var (move, write) = (save.BatchCommands[0].Parameters, save.BatchCommands[1].Parameters);
            await foreach (var (orders, upTo) in Batches.Reader.ReadAllAsync(cancellationToken))
            {
                var documents = orders.DistinctBy(o => o.Id).ToDictionary(o => o.Id, _ => new OrderDocument());
                Set(load.Parameters, 0, documents.Keys.ToArray());
                await using (var rows = await load.ExecuteReaderAsync(cancellationToken))
                    while (await rows.ReadAsync(cancellationToken))
                        documents[rows.GetString(0)] = JsonSerializer.Deserialize(rows.GetString(1), OrderDocumentJson.Default.OrderDocument)!;
                foreach (var order in orders)
                    documents[order.Id].Apply(order.Amount, order.Version);
                Set(move, 2, position);
                Set(move, 3, upTo);
                Set(write, 0, documents.Keys.ToArray());
                Set(write, 1, documents.Values.Select(d => JsonSerializer.Serialize(d, OrderDocumentJson.Default.OrderDocument)).ToArray());
                await save.ExecuteNonQueryAsync(cancellationToken);
                position = upTo;
            }
        }
    }
}
