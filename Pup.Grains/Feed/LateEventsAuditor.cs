using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>
/// Checks the promise of the mark, of one generation: that nothing appears below it any more. New positions are counted about a second
/// after the mark has passed them, and the latest ones again at each audit. The one thing it can find is a writer that takes
/// positions elsewhere than from the column's default; such events are in no read model, and somebody must know.
/// </summary>
internal sealed class LateEventsAuditor(Generation generation, Func<long> mark, PupOptions options, TimeProvider time, ILogger logger, long found)
{
    private static readonly TimeSpan _countInterval = TimeSpan.FromSeconds(1);

    private const int MostNamed = 20;

    private readonly AuditedPositions _positions = new(mark(), options.AuditSpan);
    private long _found = found;

    /// <summary>Late events found so far, by this generation and those before it.</summary>
    public long Found => Volatile.Read(ref _found);

    /// <summary>Runs until the generation ends.</summary>
    public async Task RunAsync()
    {
        if (options.AuditInterval <= TimeSpan.Zero)
            return;
        var pause = options.AuditInterval < _countInterval ? options.AuditInterval : _countInterval;
        var last = time.GetTimestamp();
        try
        {
            while (true)
            {
                try
                {
                    if (time.GetElapsedTime(last) < options.AuditInterval)
                    {
                        await CountAsync();
                    }
                    else
                    {
                        last = time.GetTimestamp();
                        await AuditAsync();
                    }
                }
                catch (NpgsqlException exception)
                {
                    logger.NotAudited(exception.Message);
                }

                await Task.Delay(pause, time, generation.Ended);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException && generation.Ended.IsCancellationRequested)
        {
        }
    }

    private async Task CountAsync()
    {
        // Fixed before the statement starts: all below it is decided then, and visible to it if ever.
        var upTo = mark();
        if (upTo > _positions.UpTo)
            _positions.Extend(upTo, await ReadAsync(Math.Max(_positions.UpTo, _positions.FromAt(upTo)), upTo));
    }

    private async Task AuditAsync()
    {
        var upTo = mark();
        var late = _positions.Take(upTo, await ReadAsync(_positions.FromAt(upTo), upTo));
        if (late.Count == 0)
            return;
        Volatile.Write(ref _found, _found + late.Count);
        logger.LateEvents(late.Count, upTo, string.Join(", ", late.Take(MostNamed)) + (late.Count > MostNamed ? ", …" : ""));
    }

    private const string ReadSql = $"""
        select global_position from events
        where global_position > $2 and global_position <= $3 and {GenerationCheck.OnFirstParameter}
        """;

    private async Task<List<long>> ReadAsync(long after, long upTo)
    {
        await using var command = generation.DataSource.CreateCommand(ReadSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = generation.Key });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        await using var reader = await command.ExecuteReaderAsync(generation.Ended);
        var positions = new List<long>();
        while (await reader.ReadAsync(generation.Ended))
            positions.Add(reader.GetInt64(0));
        return positions;
    }
}
