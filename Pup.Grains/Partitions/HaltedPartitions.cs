using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Grains.Partitions;

/// <summary>
/// Asks the database, for all partitions of a silo that are paused or faulted together, whether one of them may run again: a
/// thousand of them cost what one does. Who changes a state in the cluster also wakes its partitions; this is for all others.
/// </summary>
internal sealed partial class HaltedPartitions(IEventFeed feed, PupOptions options, TimeProvider time, ILogger<HaltedPartitions> logger)
{
    private readonly ConcurrentDictionary<Halt, TaskCompletionSource> _waiting = new(ReferenceEqualityComparer.Instance);

    /// <summary>Ends when the database says otherwise than <paramref name="halt"/>, or when <paramref name="woken"/> ends.</summary>
    public async Task ChangedAsync(Halt halt, Task woken, CancellationToken cancellationToken)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[halt] = changed;
        try
        {
            await Task.WhenAny(woken, changed.Task).WaitAsync(cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(halt, out _);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.HaltedPollInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await LookAsync(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // Also a generation that ends: it wakes its partitions itself.
                LogFailed(exception.Message);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (_waiting.IsEmpty)
            return;
        var generation = await feed.GenerationAsync(cancellationToken);
        var halts = _waiting.Keys.ToList();
        foreach (var index in await ReadChangedAsync(generation, halts, cancellationToken))
        {
            if (_waiting.TryGetValue(halts[index], out var changed))
                changed.TrySetResult();
        }
    }

    private const string ChangedSql = """
        select (h.ordinal - 1)::int
        from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::bool[]) with ordinality as h (name, partition, state, reason, is_fault, ordinal)
        left join projections p on p.name = h.name
        left join projection_partitions f on f.projection_name = h.name and f.partition = h.partition
        where p.name is null or h.partition >= p.partitions
            or case when h.is_fault
                then f.fault is null or p.state not in ('running', 'rebuilding')
                else (p.state, p.state_reason) is distinct from (h.state, h.reason) end
        """;

    private static async Task<List<int>> ReadChangedAsync(Generation generation, List<Halt> halts, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(ChangedSql);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. halts.Select(static halt => halt.Projection)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. halts.Select(static halt => halt.Partition)] });
        command.Parameters.Add(new NpgsqlParameter<string?[]> { TypedValue = [.. halts.Select(static halt => halt.State)] });
        command.Parameters.Add(new NpgsqlParameter<string?[]> { TypedValue = [.. halts.Select(static halt => halt.Reason)] });
        command.Parameters.Add(new NpgsqlParameter<bool[]> { TypedValue = [.. halts.Select(static halt => halt.IsFault)] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var changed = new List<int>();
        while (await reader.ReadAsync(cancellationToken))
            changed.Add(reader.GetInt32(0));
        return changed;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Whether halted partitions may run again could not be read: {Reason}")]
    private partial void LogFailed(string reason);
}
