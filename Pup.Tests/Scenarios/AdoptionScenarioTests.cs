using System.Text;
using Npgsql;
using Pup.Grains.Schema;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class AdoptionScenarioTests(PostgresServer server)
{
    private const int Partitions = 4;

    [Fact]
    public async Task What_go_workers_began_is_continued_exactly_while_the_log_grows()
    {
        await using var database = await GoDatabase.CreateAsync(server, TestContext.Current.CancellationToken);
        await EventLog.AppendAsync(database, 3_000, 60);
        await database.ExecuteAsync(
            """
            create table ledger (
                global_position bigint not null, projection text not null, aggregate_id text not null,
                aggregate_version bigint not null, ord bigint generated always as identity)
            """);
        // One worker has done all, one never ran, two are somewhere; then all are stopped.
        await Task.WhenAll(WorkAsync(database, 0, 1_000), WorkAsync(database, 1, 3), WorkAsync(database, 3, 17));
        var begun = await database.ScalarAsync<long>("select count(*) from ledger");
        Assert.InRange(begun, 1, 2_999);

        await using (var migrating = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false"))
            await new SchemaMigrator(migrating).MigrateAsync(TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var growing = GrowAsync(database, stop.Token);
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(static () => new LedgerProjection("x"), Partitions, static options => options.BatchSize = 50);
            await engine.CaughtUpAsync(database);
            await stop.CancelAsync();
            await growing;
            await engine.CaughtUpAsync(database);
        }

        await Ledger.AssertExactAsync(database, "x");
    }

    // pupsourcing's worker, in outline: every event after the checkpoint is read, the own ones applied, and the checkpoint
    // put at the last one read, in one transaction.
    private static async Task WorkAsync(TestDatabase database, int partition, int batches)
    {
        for (var batch = 0; batch < batches; batch++)
        {
            await using var connection = await database.DataSource.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var own = new NpgsqlCommand(
                """
                select global_position, aggregate_id, aggregate_version from events
                where global_position > coalesce((select last_global_position from projection_checkpoints where projection_name = $1), 0)
                order by global_position limit 100
                """,
                connection)
            {
                Parameters = { new() { Value = $"x_p{partition}" } },
            };
            var events = new List<(long Position, string Aggregate, long Version)>();
            await using (var reader = await own.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                    events.Add((reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2)));
            }

            if (events.Count == 0)
                return;
            foreach (var (position, aggregate, version) in events.Where(found => Fnv(found.Aggregate) % Partitions == partition))
            {
                await using var apply = new NpgsqlCommand(
                    "insert into ledger (global_position, projection, aggregate_id, aggregate_version) values ($1, 'x', $2, $3)", connection)
                {
                    Parameters = { new() { Value = position }, new() { Value = aggregate }, new() { Value = version } },
                };
                await apply.ExecuteNonQueryAsync();
            }

            await using var checkpoint = new NpgsqlCommand(
                """
                insert into projection_checkpoints (projection_name, last_global_position, updated_at) values ($1, $2, now())
                on conflict (projection_name) do update set last_global_position = excluded.last_global_position, updated_at = excluded.updated_at
                """,
                connection)
            {
                Parameters = { new() { Value = $"x_p{partition}" }, new() { Value = events[^1].Position } },
            };
            await checkpoint.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }
    }

    private static async Task GrowAsync(TestDatabase database, CancellationToken stop)
    {
        for (var round = 0; round < 3 || !stop.IsCancellationRequested; round++)
        {
            for (var aggregate = 0; aggregate < 20; aggregate++)
                await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", $"order-{aggregate}", 2, CancellationToken.None);
        }
    }

    // Written anew, so that a mistake in the engine's own function does not agree with itself.
    private static uint Fnv(string text) => Encoding.UTF8.GetBytes(text).Aggregate(2166136261, static (hash, letter) => unchecked((hash ^ letter) * 16777619));
}
