using Pup.Client;
using Pup.Client.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

public sealed class ProjectionClientTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_projection_that_has_seen_the_log_is_caught_up_and_each_partition_says_where_it_stands()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 50);
        await using var cluster = await SiloCluster.StartLedgerAsync(database, partitions: 3);

        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);

        var report = Assert.Single(await cluster.Projections.ListAsync(Token));
        Assert.Equal(("ledger", 500L, 0L, 3), (report.Projection, report.LogPosition, report.Lag, report.Partitions.Count));
        Assert.Null(report.LagAge);
        Assert.Null(report.Reason);
        Assert.All(report.Partitions, static partition => Assert.Equal((ProjectionCondition.CaughtUp, 500L, true), (partition.Condition, partition.Position, partition.Silo is not null)));
    }

    [Fact]
    public async Task Pause_resume_and_restart_are_done_and_written_down_with_who_did_them()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        PupActor.Set("ann");

        await cluster.Projections.PauseAsync("ledger", Token);
        Assert.Equal(ProjectionCondition.Paused, (await cluster.Projections.GetAsync("ledger", Token)).Condition);
        await cluster.Projections.ResumeAsync("ledger", Token);
        await EventLog.AppendAsync(database, 100, 10);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await cluster.Projections.RestartAsync("ledger", Token);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);

        await Ledger.AssertExactAsync(database);
        Assert.Equal(
            "ann pause ledger done, ann resume ledger done, ann restart ledger done",
            await database.ScalarAsync<string>("select string_agg(concat_ws(' ', actor, action, projection_name, result), ', ' order by id) from projection_audit"));
    }

    [Fact]
    public async Task A_foreign_writer_is_told_from_other_faults()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await SiloCluster.StartLedgerAsync(database, partitions: 1);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);

        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 50");
        await EventLog.AppendAsync(database, 10, 10);

        await cluster.UntilAsync("ledger", ProjectionCondition.ForeignWriter);
        var refused = await Assert.ThrowsAsync<ProjectionRefusedException>(() => CatchUpAsync(cluster));
        Assert.Contains("not Pup", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_database_lacks_is_a_fault_that_mends_itself()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await SiloCluster.StartLedgerAsync(database, partitions: 1);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);

        await database.ExecuteAsync("alter table ledger rename to hidden");
        await EventLog.AppendAsync(database, 10, 10);
        await cluster.UntilAsync("ledger", static report => report is { Condition: ProjectionCondition.Faulted, DeadLetters: 0 } && report.Reason!.Contains("relation \"ledger\"", StringComparison.Ordinal), "faulted");
        await database.ExecuteAsync("alter table hidden rename to ledger");

        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_command_is_tried_again_while_silos_change_and_for_no_longer_than_patience_lasts()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await using var shaky = TestClient.Shaky(database, cluster.Cluster.Client, failures: 3);
        await shaky.Projections.PauseAsync("ledger", Token);
        Assert.Equal(ProjectionCondition.Paused, (await shaky.Projections.GetAsync("ledger", Token)).Condition);

        await using var hopeless = TestClient.Shaky(database, cluster.Cluster.Client, failures: int.MaxValue - 1, static options => options.Patience = TimeSpan.FromMilliseconds(300));
        var unavailable = await Assert.ThrowsAsync<ClusterUnavailableException>(() => hopeless.Projections.ResumeAsync("ledger", Token));

        Assert.Contains("injected", unavailable.Message, StringComparison.Ordinal);
        Assert.Equal("pause", await database.ScalarAsync<string>("select string_agg(action, ' ') from projection_audit"));
    }

    [Fact]
    public async Task Nothing_is_changed_of_a_projection_that_no_silo_hosts()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await database.ExecuteAsync("insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('orders', 1, 1, '', '')");
        await database.ExecuteAsync("insert into projection_checkpoints (projection_name, last_global_position, epoch) values ('orders', 0, 7)");

        var refused = await Assert.ThrowsAsync<ProjectionRefusedException>(async () => await cluster.Projections.RebuildAsync("orders", Token).ToListAsync(Token));

        Assert.Contains("hosts projection 'orders'", refused.Message, StringComparison.Ordinal);
        Assert.Equal("running 7", await database.ScalarAsync<string>("select state || ' ' || epoch from projections join projection_checkpoints on projection_name = name where name = 'orders'"));
        Assert.Equal(refused.Message, await database.ScalarAsync<string>("select result from projection_audit"));
    }

    [Fact]
    public async Task Catching_up_follows_until_what_the_log_held_is_applied_and_says_what_is_in_the_way()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 5_000, 50);
        await using (var cluster = await SiloCluster.StartLedgerAsync(database))
        {
            await cluster.UntilAsync("ledger", static _ => true, "registered");
            var reports = await CatchUpAsync(cluster);
            Assert.Equal(ProjectionCondition.CaughtUp, reports[^1].Condition);
            await Ledger.AssertExactAsync(database);

            await cluster.Projections.PauseAsync("ledger", Token);
            await EventLog.AppendAsync(database, 10, 10);
            var refused = await Assert.ThrowsAsync<ProjectionRefusedException>(() => CatchUpAsync(cluster));
            Assert.Contains("paused", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_impossible_number_of_partitions_is_refused_before_and_by_the_grain()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => cluster.Projections.RepartitionAsync("ledger", 0, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => cluster.Cluster.Client.GetGrain<IProjectionGrain>("ledger").RepartitionAsync(10_001, Token));
        Assert.Contains("10001", await database.ScalarAsync<string>("select string_agg(result, ' ') from projection_audit"), StringComparison.Ordinal);

        await cluster.Projections.RepartitionAsync("ledger", 4, Token);
        await cluster.UntilAsync("ledger", static report => report is { Condition: ProjectionCondition.CaughtUp, Partitions.Count: 4 }, "four partitions");
        Assert.Equal("4 2 done", await database.ScalarAsync<string>("select concat_ws(' ', detail ->> 'partitions', detail ->> 'count', result) from projection_audit order by id desc limit 1"));
    }

    [Fact]
    public async Task What_a_grain_does_not_know_is_said_in_the_same_words()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);

        var missing = await Assert.ThrowsAsync<ProjectionNotFoundException>(() => cluster.Cluster.Client.GetGrain<IProjectionGrain>("orders").PauseAsync(Token));

        Assert.Equal(("orders", new ProjectionNotFoundException("orders").Message), (missing.Projection, missing.Message));
    }

    private static async Task<List<ProjectionReport>> CatchUpAsync(SiloCluster cluster) =>
        await cluster.Projections.CatchUpAsync("ledger", Token).ToListAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Token);
}
