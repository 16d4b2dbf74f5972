using Npgsql;
using Pup.Client.Events;

namespace Pup.Grains.Feed;

/// <summary>Reads single events by position, for dead letters that are applied after all.</summary>
internal static class EventLookup
{
    private const string ReadSql = $"select {EventRow.Columns} from events where global_position = any($1) order by global_position";

    public static async Task<List<PersistedEvent>> ReadAsync(Generation generation, IReadOnlyList<long> positions, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(ReadSql);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. positions] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<PersistedEvent>();
        while (await reader.ReadAsync(cancellationToken))
            events.Add(EventRow.Read(reader));
        return events;
    }
}
