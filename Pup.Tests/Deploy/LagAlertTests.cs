using Npgsql;
using Pup.Client.Operations;
using Pup.Tests.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>What holds projections back.</summary>
public sealed class LagAlertTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Alerts_fire_while_a_read_model_is_locked_or_missing_or_a_writer_stays_open_and_end_with_it()
    {
        await using var cluster = await AlertedCluster.StartAsync(server);

        await using (await OpenAsync(cluster, "lock table ledger in exclusive mode"))
        {
            await EventLog.AppendAsync(cluster.Database, 1_500, 5);
            await cluster.FireAloneAsync("PupNoProgress", "PupProjectionFallingBehind", "PupProjectionLate");
        }

        await cluster.QuietAsync();

        await using (await OpenAsync(
            cluster,
            """
            insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
            values ('Test', 'Thing', 'slow', 1, gen_random_uuid(), 'Happened', '')
            """))
        {
            await EventLog.AppendAsync(cluster.Database, 10, 5);
            await cluster.FireAloneAsync("PupNoProgress", "PupProjectionLate", "PupStalledByWriter");
        }

        await cluster.QuietAsync();

        // It tries again by itself, so the series does not count it as faulted, though its status does.
        await cluster.Database.ExecuteAsync("alter table ledger rename to elsewhere");
        await EventLog.AppendAsync(cluster.Database, 10, 5);
        await cluster.FireAsync("PupNoProgress", "PupProjectionLate");
        await cluster.ShowsAsync("""pupsourcing_partitions{projection_name="watched",state="running"} == 1""");
        await cluster.ShowsAsync("""pupsourcing_partitions{projection_name="watched",state="faulted"} == 0""");
        await using (var client = TestClient.WithoutCluster(cluster.Database))
        {
            // Each attempt begins without what the one before it met.
            await Eventually.TrueAsync(
                async () => (await client.Projections.GetAsync("watched", Token)).Condition == ProjectionCondition.Faulted, TimeSpan.FromSeconds(30), "its status is faulted");
        }

        await cluster.Database.ExecuteAsync("alter table elsewhere rename to ledger");
        await cluster.QuietAsync();
        await Ledger.AssertExactAsync(cluster.Database, "watched");
    }

    /// <summary>A transaction that has done this, until it is disposed of.</summary>
    private static async Task<NpgsqlConnection> OpenAsync(AlertedCluster cluster, string sql)
    {
        var connection = await cluster.Database.DataSource.OpenConnectionAsync(Token);
        await connection.BeginTransactionAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }
}
