using Npgsql;
using Pup.Client.Operations;
using Pup.Grains.Coordination;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>Status and lag come out of the database, with or without a silo, and are the truth.</summary>
public sealed class StatusTests(PostgresServer server)
{
    private const string Silo = "127.0.0.1:11111@1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_any_silo_lag_is_right_and_the_projection_is_unplaced()
    {
        await using var database = await RegisterAsync(3);
        await EventLog.AppendAsync(database, 100, 10);
        await MoveAsync(database, 100, 60, 30);
        await ClusterAsync(database, alive: false);
        await using var client = TestClient.WithoutCluster(database);

        var report = await client.Projections.GetAsync("ledger", Token);

        Assert.Equal((ProjectionCondition.Unplaced, 100L, 70L), (report.Condition, report.LogPosition, report.Lag));
        Assert.Equal([0L, 40L, 70L], report.Partitions.Select(partition => partition.Lag));
        Assert.All(report.Partitions, static partition => Assert.Null(partition.Silo));
        Assert.InRange(report.LagAge!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Equal(report.Lag, (await client.Projections.ListAsync(Token)).Single().Lag);
    }

    [Fact]
    public async Task A_silo_that_has_not_said_for_long_that_it_is_alive_is_gone_whatever_its_status_says()
    {
        await using var database = await RegisterAsync(1);
        await MoveAsync(database, 0);
        await ClusterAsync(database, alive: true);
        await using var client = TestClient.WithoutCluster(database);
        Assert.Equal((ProjectionCondition.CaughtUp, Silo), await SeenAsync());

        await database.ExecuteAsync("update orleans.orleansmembershiptable set iamalivetime = now() - interval '31 seconds'");
        Assert.Equal((ProjectionCondition.Unplaced, null), await SeenAsync());

        async Task<(ProjectionCondition, string?)> SeenAsync()
        {
            var report = await client.Projections.GetAsync("ledger", Token);
            return (report.Condition, report.Partitions[0].Silo);
        }
    }

    [Fact]
    public async Task Lag_counts_from_the_greatest_visible_position_and_is_not_negative_after_rolled_back_tails_or_deleted_rows()
    {
        await using var database = await RegisterAsync(1);
        await EventLog.AppendAsync(database, 100, 10);
        await MoveAsync(database, 100);
        await ClusterAsync(database, alive: true);
        await using var client = TestClient.WithoutCluster(database);
        await database.ExecuteAsync("select setval('events_global_position_seq', 150)");
        Assert.Equal((ProjectionCondition.CaughtUp, 0L), await SeenAsync());

        await database.ExecuteAsync("delete from events where global_position > 90");
        Assert.Equal((ProjectionCondition.CaughtUp, 0L), await SeenAsync());
        Assert.Contains("newest events are missing", (await client.Projections.GetAsync("ledger", Token)).Reason, StringComparison.Ordinal);

        await database.ExecuteAsync("select setval('events_global_position_seq', 90)");
        Assert.Equal((ProjectionCondition.LogWentBack, 0L), await SeenAsync());

        async Task<(ProjectionCondition, long)> SeenAsync()
        {
            var report = await client.Projections.GetAsync("ledger", Token);
            return (report.Condition, report.Lag);
        }
    }

    [Fact]
    public async Task A_sequence_that_is_not_the_one_of_the_mark_means_that_the_log_went_back()
    {
        await using var database = await RegisterAsync(1);
        await EventLog.AppendAsync(database, 10, 10);
        await MoveAsync(database, 10);
        await ClusterAsync(database, alive: true);
        await database.ExecuteAsync("insert into projection_log_mark (mark, sequence_filenode) select 10, pg_relation_filenode('events_global_position_seq')");
        await using var client = TestClient.WithoutCluster(database);
        Assert.Equal(ProjectionCondition.CaughtUp, (await client.Projections.GetAsync("ledger", Token)).Condition);

        await database.ExecuteAsync("truncate events restart identity");

        Assert.Equal(ProjectionCondition.LogWentBack, (await client.Projections.GetAsync("ledger", Token)).Condition);
    }

    [Fact]
    public async Task An_open_writer_stalls_a_projection_and_is_named_with_its_age()
    {
        await using var database = await RegisterAsync(1);
        await EventLog.AppendAsync(database, 10, 10);
        await MoveAsync(database, 10);
        await ClusterAsync(database, alive: true);
        await database.ExecuteAsync("insert into projection_log_mark (mark, sequence_filenode) select 10, pg_relation_filenode('events_global_position_seq')");
        await using var client = TestClient.WithoutCluster(database);
        await using var writer = await Log.BeginAsync(database, "import");
        await Log.AppendAsync(writer, "late", 1);
        await EventLog.AppendAsync(database, 5, 5);
        Assert.Equal((ProjectionCondition.Running, true), (await client.Projections.GetAsync("ledger", Token)) is var early ? (early.Condition, early.MarkAge is not null) : default);

        await database.ExecuteAsync("update projection_log_mark set updated_at = now() - interval '1 minute'");
        ProjectionReport? report = null;
        await Eventually.TrueAsync(
            async () => (report = await client.Projections.GetAsync("ledger", Token)).Condition == ProjectionCondition.StalledByWriter, TimeSpan.FromSeconds(10), "stalled");
        Assert.Contains($"pid {writer.ProcessID} (import), open for ", report!.Reason, StringComparison.Ordinal);
        Assert.InRange(report.MarkAge!.Value, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(30));
        await writer.ExecuteAsync("commit");

        Assert.Null((await client.Projections.GetAsync("ledger", Token)).MarkAge);
    }

    [Fact]
    public async Task Where_schema_orleans_may_not_be_read_a_projection_that_is_behind_is_unknown_unless_a_silo_announced_it_lately()
    {
        await using var database = await RegisterAsync(1);
        await EventLog.AppendAsync(database, 10, 10);
        await MoveAsync(database, 5);
        await ClusterAsync(database, alive: true);
        await database.ExecuteAsync("drop schema orleans cascade");
        await using var client = TestClient.WithoutCluster(database);
        Assert.Equal(ProjectionCondition.Running, (await client.Projections.GetAsync("ledger", Token)).Condition);

        await database.ExecuteAsync("update projection_silos set updated_at = now() - interval '3 minutes'");

        var report = await client.Projections.GetAsync("ledger", Token);
        Assert.Equal(ProjectionCondition.Unknown, report.Condition);
        Assert.Contains("schema orleans", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_is_missing_or_was_never_owned_is_never_started_and_behind_by_the_whole_log()
    {
        await using var database = await RegisterAsync(2);
        await EventLog.AppendAsync(database, 100, 10);
        await ClusterAsync(database, alive: true);
        await using var client = TestClient.WithoutCluster(database);
        Assert.Equal((ProjectionCondition.NeverStarted, 100L), (await client.Projections.GetAsync("ledger", Token)) is var fresh ? (fresh.Condition, fresh.Lag) : default);

        await MoveAsync(database, 100, 100);
        await database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'ledger_p1'");

        var report = await client.Projections.GetAsync("ledger", Token);
        Assert.Equal((ProjectionCondition.NeverStarted, 100L), (report.Condition, report.Lag));
        Assert.Equal([ProjectionCondition.CaughtUp, ProjectionCondition.NeverStarted], report.Partitions.Select(partition => partition.Condition));
        Assert.Null(report.Partitions[1].Position);
    }

    [Fact]
    public async Task Dead_letters_are_counted_by_partition_and_passed_over_ones_park_nothing()
    {
        await using var database = await RegisterAsync(2);
        await EventLog.AppendAsync(database, 10, 10);
        await MoveAsync(database, 10, 10);
        await ClusterAsync(database, alive: true);
        await database.ExecuteAsync("""
            insert into projection_dead_letters (projection_name, ordering_key, global_position, key_hash, event_id, event_type, status)
            values ('ledger', 'a', 1, 4, gen_random_uuid(), 'Happened', 'failed'), ('ledger', 'a', 2, 4, gen_random_uuid(), 'Happened', 'queued'),
                ('ledger', 'b', 3, 6, gen_random_uuid(), 'Happened', 'failed'), ('ledger', 'c', 4, 5, gen_random_uuid(), 'Happened', 'skipped'),
                ('other', 'c', 4, 5, gen_random_uuid(), 'Happened', 'failed')
            """);
        await using var client = TestClient.WithoutCluster(database);

        var report = await client.Projections.GetAsync("ledger", Token);

        Assert.Equal((ProjectionCondition.Parked, 2, 4L), (report.Condition, report.ParkedKeys, report.DeadLetters));
        Assert.Equal([(ProjectionCondition.Parked, 2), (ProjectionCondition.CaughtUp, 0)], report.Partitions.Select(partition => (partition.Condition, partition.ParkedKeys)));
    }

    [Fact]
    public async Task What_there_is_not_is_said_in_a_word_of_its_own()
    {
        await using var database = await RegisterAsync(1);
        await using var client = TestClient.WithoutCluster(database);

        var missing = await Assert.ThrowsAsync<ProjectionNotFoundException>(() => client.Projections.GetAsync("orders", Token));
        Assert.Equal("orders", missing.Projection);
        await Assert.ThrowsAsync<ProjectionNotFoundException>(() => client.Projections.PauseAsync("orders", Token));
        await Assert.ThrowsAsync<ProjectionNotFoundException>(() => client.Projections.ListDeadLettersAsync("orders", DeadLetterFilter.All, Token));
        var unavailable = await Assert.ThrowsAsync<ClusterUnavailableException>(() => client.Projections.PauseAsync("ledger", Token));
        Assert.Contains("`pup run`", unavailable.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NpgsqlException>(async () =>
        {
            await using var nowhere = TestClient.WithoutCluster(database, options => options.ConnectionString = "Host=127.0.0.1;Port=1;Username=x;Timeout=2");
            await nowhere.Projections.ListAsync(Token);
        });
    }

    private async Task<TestDatabase> RegisterAsync(int partitions)
    {
        var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await ProjectionRegistrar.RegisterAsync(database.DataSource, engine.Define(static () => new LedgerProjection(), partitions), Token);
        return database;
    }

    // As if silos had brought them there.
    private static async Task MoveAsync(TestDatabase database, params long[] positions)
    {
        for (var partition = 0; partition < positions.Length; partition++)
        {
            await database.ExecuteAsync(
                "update projection_checkpoints set last_global_position = $2, epoch = nextval('projection_epochs') where projection_name = $1",
                positions.Length == 1 ? "ledger" : $"ledger_p{partition}",
                positions[partition]);
            await database.ExecuteAsync("insert into projection_partitions (projection_name, partition, silo) values ('ledger', $1, $2)", partition, Silo);
        }
    }

    private static async Task ClusterAsync(TestDatabase database, bool alive)
    {
        await database.ExecuteAsync("insert into orleans.orleansmembershipversiontable (deploymentid) values ('pup')");
        await database.ExecuteAsync("insert into projection_silos (silo, projection_name, configured_partitions) values ($1, 'ledger', 1)", Silo);
        await database.ExecuteAsync(
            """
            insert into orleans.orleansmembershiptable (deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
            values ('pup', '127.0.0.1', 11111, 1, 'one', 'here', $1, 0, now(), now())
            """,
            alive ? 3 : 6);
    }
}
