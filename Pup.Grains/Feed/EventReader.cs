using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The selects that read events, under the generation check and within byte and row limits.</summary>
internal sealed class EventReader(Generation generation, int rowLimit) : IPageReader
{
    // Large payloads come in stretches: after one was met, this many reads measure from the start.
    private const int MeasuredReads = 32;

    private readonly EventRows _rows = new();
    private int _measure;

    /// <summary>
    /// Reads (<paramref name="after"/>, <paramref name="bound"/>]. The bound must have been at or below the mark before
    /// this was called: the statement's snapshot is then younger than every decision it relies on.
    /// </summary>
    public async Task<PageRead> ReadAsync(ProjectionScope scope, long after, long bound, long byteLimit, CancellationToken cancellationToken)
    {
        generation.ThrowIfEnded();
        var span = new Span(scope, after, bound, byteLimit);
        try
        {
            await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
            var events = new List<FeedEvent>();
            if (Volatile.Read(ref _measure) > 0)
            {
                Interlocked.Decrement(ref _measure);
                return await ReadMeasuredAsync(connection, span, events, 0, cancellationToken);
            }

            var (plain, metLarge) = await ReadPlainAsync(connection, span, events, cancellationToken);
            if (!metLarge || plain.Bytes >= byteLimit)
                return plain;
            Volatile.Write(ref _measure, MeasuredReads);
            var rest = new Span(scope, events.Count == 0 ? after : plain.UpTo, bound, byteLimit - plain.Bytes);
            return await ReadMeasuredAsync(connection, rest, events, plain.Bytes, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == GenerationCheck.SqlState)
        {
            await generation.EndAsync();
            throw new GenerationEndedException(generation.Number);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException && generation.Ended.IsCancellationRequested)
        {
            throw new GenerationEndedException(generation.Number);
        }
    }

    private async Task<(PageRead Read, bool MetLarge)> ReadPlainAsync(
        NpgsqlConnection connection, Span span, List<FeedEvent> events, CancellationToken cancellationToken)
    {
        var rows = Math.Min(rowLimit, span.Bound - span.After);
        await using var command = Command(connection, EventSql.Plain(span.Scope), span, span.ByteLimit / rows);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        long bytes = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            // The limit is checked here too, for what the server's measure does not see: compressed metadata, long ids.
            if (bytes >= span.ByteLimit && events.Count > 0)
                return (Cut(span, events, bytes), false);
            if (_rows.Read(reader) is not { } read)
                return (Cut(span, events, bytes), true);
            events.Add(read);
            bytes += EventRows.BytesOf(read.Event);
        }

        return (events.Count < rowLimit ? new PageRead(span.Bound, events, bytes, false) : Cut(span, events, bytes), false);
    }

    private async Task<PageRead> ReadMeasuredAsync(
        NpgsqlConnection connection, Span span, List<FeedEvent> events, long bytesBefore, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, EventSql.Measured(span.Scope), span, span.ByteLimit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (rows, bytes, measured) = (0, bytesBefore, 0L);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (bytes - bytesBefore >= span.ByteLimit && rows > 0)
                return Cut(span, events, bytes);

            // No column of events is null where this statement does not make it so.
            var read = _rows.Read(reader)!.Value;
            events.Add(read);
            rows++;
            bytes += EventRows.BytesOf(read.Event);
            measured = reader.GetInt64(EventSql.BytesColumn);
        }

        return measured >= span.ByteLimit || rows >= rowLimit
            ? Cut(span, events, bytes)
            : new PageRead(span.Bound, events, bytes, false);
    }

    private static PageRead Cut(Span span, List<FeedEvent> events, long bytes) =>
        new(events.Count == 0 ? span.After : events[^1].Event.GlobalPosition, events, bytes, true);

    private NpgsqlCommand Command(NpgsqlConnection connection, string sql, Span span, long bytes)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = generation.Key });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = span.After });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = span.Bound });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = bytes });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rowLimit });
        foreach (var names in EventSql.Parameters(span.Scope))
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = names });
        return command;
    }

    private readonly record struct Span(ProjectionScope Scope, long After, long Bound, long ByteLimit);
}
