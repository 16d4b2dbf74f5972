using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;

namespace Pup.Grains.Failures;

/// <summary>Reads and marks the dead letters of one projection, outside any batch.</summary>
internal sealed class DeadLetterStore(string projection, Generation generation, Ownership ownership, OrderingKeys keys)
{
    private const string RequestsSql = """
        select ordering_key, global_position, status, requested = 'discard'
        from projection_dead_letters
        where projection_name = $1 and key_hash % $2 = $3 and requested is not null
        order by global_position
        """;

    /// <summary>What operators asked of this partition's dead letters, oldest event first.</summary>
    public async Task<List<DeadLetterRequest>> ReadRequestsAsync(CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(RequestsSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partitions });
        command.Parameters.Add(new() { Value = ownership.Partition });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var requests = new List<DeadLetterRequest>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var status = Enum.Parse<DeadLetterStatus>(reader.GetString(2), ignoreCase: true);
            requests.Add(new DeadLetterRequest(reader.GetString(0), reader.GetInt64(1), status, reader.GetBoolean(3)));
        }

        return requests;
    }

    private const string QueueSql = """
        select global_position from projection_dead_letters
        where projection_name = $1 and ordering_key = $2 and status <> 'skipped'
        order by global_position limit $3
        """;

    /// <summary>The next positions of a parked key, in order.</summary>
    public async Task<List<long>> ReadQueueAsync(string key, int limit, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(QueueSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var positions = new List<long>();
        while (await reader.ReadAsync(cancellationToken))
            positions.Add(reader.GetInt64(0));
        return positions;
    }

    /// <summary>The events at these positions, as work under the key.</summary>
    public async Task<List<WorkItem>> ReadItemsAsync(string key, IReadOnlyList<long> positions, CancellationToken cancellationToken)
    {
        var events = await EventLookup.ReadAsync(generation, positions, cancellationToken);
        return events.ConvertAll(found => keys.ItemUnder(key, found));
    }

    private const string RequestAllSql = """
        update projection_dead_letters set requested = 'retry'
        where projection_name = $1 and ordering_key = $2 and status <> 'skipped' and requested is null
            and exists (select 1 from projection_checkpoints where projection_name = $3 and epoch = $4 for share)
        """;

    /// <summary>A retry of a parked key concerns all that queues in it, whoever gets to finish it.</summary>
    public async Task RequestAllAsync(string key, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(RequestAllSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string FailedAgainSql = """
        update projection_dead_letters set
            status = case when status = 'skipped' then status when global_position = $3 then 'failed' else 'queued' end,
            error = case when global_position = $3 then $4 else error end,
            attempts = case when global_position = $3 then attempts + 1 else attempts end,
            requested = null
        where projection_name = $1 and ordering_key = $2
            and exists (select 1 from projection_checkpoints where projection_name = $5 and epoch = $6 for share)
        """;

    /// <summary>
    /// A retry failed at this position: the key stays parked behind it, and what was asked is answered. Not by an owner that was
    /// frozen meanwhile: what it would answer may have been asked of its successor.
    /// </summary>
    public async Task FailedAgainAsync(string key, long position, Exception cause, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(FailedAgainSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = DeadLetterCommands.Printable(cause.ToString()) });
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
