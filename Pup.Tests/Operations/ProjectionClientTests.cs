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
}
