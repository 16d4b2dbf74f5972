using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>Writes the mark about once a second, beside the looks: a slow write must not delay them.</summary>
internal sealed class MarkPersistence(Generation generation, long sequenceFilenode, long persisted, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _written = persisted;
    private long _last = time.GetTimestamp();
    private string? _failure;
    private Task _writing = Task.CompletedTask;

    /// <summary>Starts a write if one is due, the mark has moved, and none is under way.</summary>
    public void Consider(long mark)
    {
        if (mark <= _written || !_writing.IsCompleted || time.GetElapsedTime(_last) < Interval)
            return;
        _last = time.GetTimestamp();
        _writing = Task.Run(() => WriteAsync(mark));
    }

    /// <summary>Waits for the write under way, then writes a last time if <paramref name="mark"/> is not yet written.</summary>
    public async Task FlushAsync(long mark)
    {
        await _writing;
        if (mark > _written)
            await WriteAsync(mark);
    }

    /// <summary>Waits for the write under way.</summary>
    public Task FinishAsync() => _writing;

    private async Task WriteAsync(long mark)
    {
        try
        {
            await MarkStore.WriteAsync(generation, mark, sequenceFilenode, generation.Ended);
            _written = mark;
            _failure = null;
        }
        catch (OperationCanceledException)
        {
            // The generation is over.
        }
        catch (PostgresException e) when (e.SqlState == GenerationCheck.SqlState)
        {
            await generation.EndAsync();
        }
        catch (NpgsqlException e)
        {
            if (_failure != e.Message)
                logger.MarkNotPersisted(e.Message);
            _failure = e.Message;
        }
    }
}
