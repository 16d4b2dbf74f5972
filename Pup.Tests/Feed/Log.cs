using Npgsql;
using NpgsqlTypes;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

/// <summary>Writes events as an application of any kind would, and hands out open transactions.</summary>
internal static class Log
{
    public const string InsertSql = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        values ('test', 'thing', $1, $2, gen_random_uuid(), 'Happened', $3) returning global_position
        """;

    public static async Task<long> AppendAsync(NpgsqlConnection connection, string aggregate, long version, byte[]? payload = null)
    {
        await using var command = new NpgsqlCommand(InsertSql, connection)
        {
            Parameters = { new() { Value = aggregate }, new() { Value = version }, new() { Value = payload ?? [1] } },
        };
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public const string CopySql =
        "copy events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) from stdin (format binary)";

    public static async Task WriteRowAsync(NpgsqlBinaryImporter copy, string aggregate, long version)
    {
        await copy.StartRowAsync();
        await copy.WriteAsync("test");
        await copy.WriteAsync("thing");
        await copy.WriteAsync(aggregate);
        await copy.WriteAsync(version);
        await copy.WriteAsync(Guid.NewGuid());
        await copy.WriteAsync("Copied");
        await copy.WriteAsync(new byte[100], NpgsqlDbType.Bytea);
    }

    /// <summary>One committed event of an aggregate of its own.</summary>
    public static async Task<long> AppendAsync(TestDatabase database)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        return await AppendAsync(connection, Guid.NewGuid().ToString(), 1);
    }

    public static Task AppendManyAsync(TestDatabase database, int count, int payloadBytes = 10) => database.ExecuteAsync(
        """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'test', 'thing', gen_random_uuid()::text, 1, gen_random_uuid(), 'Happened', convert_to(repeat('x', $2), 'utf8')
        from generate_series(1, $1)
        """,
        count,
        payloadBytes);

    public static async Task ExecuteAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A session of its own with a transaction open in it.</summary>
    public static async Task<NpgsqlConnection> BeginAsync(TestDatabase database, string application = "writer")
    {
        var connection = new NpgsqlConnection(database.ConnectionString + $";Pooling=false;Application Name={application}");
        await connection.OpenAsync();
        await connection.ExecuteAsync("begin");
        return connection;
    }
}
