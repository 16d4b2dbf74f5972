using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The one select that reads events, under the generation check and within byte and row limits.</summary>
internal sealed class EventReader(Generation generation, int rowLimit) : IPageReader
{
    private readonly EventRows _rows = new();

    /// <summary>
    /// Reads (<paramref name="after"/>, <paramref name="bound"/>]. The bound must have been at or below the mark before
    /// this was called: the statement's snapshot is then younger than every decision it relies on.
    /// </summary>
    public async Task<PageRead> ReadAsync(ProjectionScope scope, long after, long bound, long byteLimit, CancellationToken cancellationToken)
    {
        generation.ThrowIfEnded();
        try
        {
            await using var connection = await generation.DataSource.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(EventSql.For(scope), connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = generation.Key });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = bound });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = byteLimit });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rowLimit });
            foreach (var names in EventSql.Parameters(scope))
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = names });
            return await ReadRowsAsync(command, bound, byteLimit, cancellationToken);
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

    private async Task<PageRead> ReadRowsAsync(NpgsqlCommand command, long bound, long byteLimit, CancellationToken cancellationToken)
    {
        var events = new List<FeedEvent>();
        long bytes = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(_rows.Read(reader));
            bytes = reader.GetInt64(EventSql.BytesColumn);
        }

        var truncated = bytes >= byteLimit || events.Count >= rowLimit;
        return new PageRead(truncated ? events[^1].Event.GlobalPosition : bound, events, bytes, truncated);
    }
}
