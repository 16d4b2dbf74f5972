using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Pup.Client.Operations.DeadLetters;
using Pup.Client.Operations.Status;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>How PostgreSQL goes about the client's statements where there is much to read.</summary>
public sealed class StatusPlanTests(PostgresServer server)
{
    private const string Fill = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'Test', 'Thing', 'a' || i % 20000, i / 20000 + 1, gen_random_uuid(), 'Happened', '{}' from generate_series(0, 999999) as i;
        insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('orders', 1000, 1000, '', '');
        insert into projection_checkpoints (projection_name, last_global_position, epoch) select 'orders_p' || i, 1000000 - i, 1 from generate_series(0, 999) as i;
        insert into projection_partitions (projection_name, partition, silo) select 'orders', i, '127.0.0.1:11111@1' from generate_series(0, 999) as i;
        insert into projection_dead_letters (projection_name, ordering_key, global_position, key_hash, event_id, event_type, status)
        select 'orders', 'a' || i, i, i, gen_random_uuid(), 'Happened', 'failed' from generate_series(1, 5000) as i;
        analyze;
        """;

    private static readonly string[] _large = ["events", "projection_checkpoints"];

    [Fact]
    public async Task No_statement_of_the_client_reads_a_whole_table_of_events_or_checkpoints()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using (var fill = database.DataSource.CreateCommand(Fill))
        {
            fill.CommandTimeout = 300;
            await fill.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var mode in (string[])["force_custom_plan", "force_generic_plan"])
        {
            await connection.ExecuteAsync($"set plan_cache_mode = {mode}");
            await AssertAsync(connection, StatusReader.ProjectionsSql, (NpgsqlDbType.Text, null));
            await AssertAsync(connection, StatusReader.ProjectionsSql, (NpgsqlDbType.Text, "orders"));
            await AssertAsync(connection, StatusReader.LogStateSql);
            await AssertAsync(connection, StatusReader.WritersSql);
            await AssertAsync(connection, StatusReader.HostsSql, (NpgsqlDbType.Text, null));
            await AssertAsync(connection, MembershipReader.ActiveSql, (NpgsqlDbType.Text, "pup"), (NpgsqlDbType.Interval, TimeSpan.FromSeconds(30)));
            await AssertAsync(connection, DeadLetterReader.FindSql, (NpgsqlDbType.Text, "orders"), (NpgsqlDbType.Bigint, 7L));
            await AssertAsync(
                connection, DeadLetterReader.ListSql, (NpgsqlDbType.Text, "orders"), (NpgsqlDbType.Bigint, null), (NpgsqlDbType.Text, null), (NpgsqlDbType.Text, null), (NpgsqlDbType.Bigint, null), (NpgsqlDbType.Integer, 100));
        }
    }

    private static async Task AssertAsync(NpgsqlConnection connection, string sql, params (NpgsqlDbType Type, object? Value)[] parameters)
    {
        var plan = await PlanAsync(connection, sql, parameters);
        using var document = JsonDocument.Parse(plan);
        var whole = Nodes(document.RootElement[0].GetProperty("Plan"))
            .Where(static node => node.GetProperty("Node Type").GetString() == "Seq Scan" && _large.Contains(node.GetProperty("Relation Name").GetString()));
        Assert.True(!whole.Any(), $"{sql}\n{plan}");
    }

    private static async Task<string> PlanAsync(NpgsqlConnection connection, string sql, params (NpgsqlDbType Type, object? Value)[] parameters)
    {
        await using var command = new NpgsqlCommand("explain (format json) " + sql, connection);
        foreach (var (type, value) in parameters)
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value ?? DBNull.Value });
        return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private static IEnumerable<JsonElement> Nodes(JsonElement node) => node.TryGetProperty("Plans", out var inner)
        ? inner.EnumerateArray().SelectMany(Nodes).Prepend(node)
        : [node];
}
