using Npgsql;
using Pup.Client.Connections;
using Pup.Client.Events;

namespace Pup.Client.Operations.DeadLetters;

/// <summary>Reads dead letters as they stand in the database.</summary>
internal sealed class DeadLetterReader(ClientDatabase database)
{
    internal const string ListSql = """
        select id, ordering_key, global_position, event_id, event_type, status, attempts, split_part(error, E'\n', 1), requested, created_at
        from projection_dead_letters
        where projection_name = $1 and ($2::bigint is null or id = $2) and ($3::text is null or ordering_key = $3)
            and ($4::text is null or position($4 in error) > 0) and ($5::bigint is null or id > $5)
        order by id limit $6
        """;

    public Task<IReadOnlyList<DeadLetterSummary>> ListAsync(string projection, DeadLetterFilter filter, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<DeadLetterSummary>>(
            async (source, token) =>
            {
                await using var command = source.CreateCommand(ListSql);
                DeadLetterConditions.AddTo(command.Parameters, projection, filter);
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = filter.Limit });
                await using var reader = await command.ExecuteReaderAsync(token);
                var letters = new List<DeadLetterSummary>();
                while (await reader.ReadAsync(token))
                    letters.Add(ReadSummary(reader));
                return letters;
            },
            patient: false,
            cancellationToken);

    internal const string FindSql = $"""
        select {EventRow.Columns}, d.*
        from (
            select id, ordering_key, global_position as letter_position, event_id as letter_event, event_type as letter_type, status, attempts,
                error, requested, created_at as letter_created_at
            from projection_dead_letters where projection_name = $1 and id = $2) d
        left join events e on e.global_position = d.letter_position and e.event_id = d.letter_event
        """;

    public Task<DeadLetterDetails?> FindAsync(string projection, long id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async (source, token) =>
            {
                await using var command = source.CreateCommand(FindSql);
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
                await using var reader = await command.ExecuteReaderAsync(token);
                return await reader.ReadAsync(token) ? ReadDetails(reader) : null;
            },
            patient: false,
            cancellationToken);

    private static DeadLetterSummary ReadSummary(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        OrderingKey = reader.GetString(1),
        Position = reader.GetInt64(2),
        EventId = reader.GetGuid(3),
        EventType = reader.GetString(4),
        Status = reader.GetString(5),
        Attempts = reader.GetInt32(6),
        Error = Text(reader, 7),
        Requested = Text(reader, 8),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(9),
    };

    private static DeadLetterDetails ReadDetails(NpgsqlDataReader reader)
    {
        const int Own = 14;
        var error = Text(reader, Own + 7);
        return new DeadLetterDetails
        {
            Id = reader.GetInt64(Own),
            OrderingKey = reader.GetString(Own + 1),
            Position = reader.GetInt64(Own + 2),
            EventId = reader.GetGuid(Own + 3),
            EventType = reader.GetString(Own + 4),
            Status = reader.GetString(Own + 5),
            Attempts = reader.GetInt32(Own + 6),
            Error = error?.Split('\n', 2)[0],
            FullError = error,
            Requested = Text(reader, Own + 8),
            CreatedAt = reader.GetFieldValue<DateTimeOffset>(Own + 9),
            Event = reader.IsDBNull(0) ? null : EventRow.Read(reader),
        };
    }

    private static string? Text(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
