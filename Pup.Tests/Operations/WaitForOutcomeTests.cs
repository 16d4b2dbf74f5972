using Npgsql;
using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>How a wait ends that does not end well, and what it says then.</summary>
public sealed class WaitForOutcomeTests(PostgresServer server)
{
    [Fact]
    public async Task A_failed_event_and_those_that_queue_behind_it_are_parked_until_a_retry_applies_them()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        var poison = await cluster.AppendAsync("a", "Poison");
        var parked = await cluster.WaitAsync(poison);
        Assert.Equal(WaitOutcome.Parked, parked.Outcome);
        Assert.Contains($"position {poison.LastPosition} (Poison)", parked.Detail, StringComparison.Ordinal);
        Assert.Contains("failed, of ordering key 'a'", parked.Detail, StringComparison.Ordinal);

        var queued = await cluster.AppendAsync("a");
        parked = await cluster.WaitAsync(queued);
        Assert.Equal(WaitOutcome.Parked, parked.Outcome);
        Assert.Contains("queued", parked.Detail, StringComparison.Ordinal);
        await cluster.AssertAppliedAsync(await cluster.AppendAsync("b"));

        await cluster.Database.ExecuteAsync("update events set event_type = 'Happened'; update projection_dead_letters set requested = 'retry'");
        await cluster.Grain().ResumeAsync(WaitForCluster.Token);
        await Eventually.TrueAsync(async () => (await cluster.WaitAsync(queued, seconds: 0)).IsApplied, TimeSpan.FromSeconds(10), "the retry has applied it");
        await cluster.AssertAppliedAsync(poison);
    }

    [Fact]
    public async Task An_event_that_is_passed_over_is_not_applied()
    {
        await using var cluster = await WaitForCluster.StartAsync(server, policy: ErrorPolicy.Skip);
        var skipped = await cluster.AppendAsync("a", "Poison");
        Assert.Equal(WaitOutcome.Parked, (await cluster.WaitAsync(skipped)).Outcome);
        await cluster.AssertAppliedAsync(await cluster.AppendAsync("a"));
    }

    [Fact]
    public async Task A_paused_projection_is_said_to_be_at_once_also_to_those_who_wait_already()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        cluster.Gate.Close();
        var held = await cluster.AppendAsync("a", "Held");
        var waiting = cluster.WaitAsync(held);
        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(held, seconds: 0.1)).Outcome);

        await cluster.Grain().PauseAsync(WaitForCluster.Token);

        Assert.Equal(new WaitResult(WaitOutcome.Stopped, "The projection is paused."), await waiting.WaitAsync(TimeSpan.FromSeconds(5), WaitForCluster.Token));
        Assert.Equal(WaitOutcome.Stopped, (await cluster.WaitAsync(held, seconds: 0)).Outcome);
        cluster.Gate.Open();
        await cluster.Grain().ResumeAsync(WaitForCluster.Token);
        await cluster.AssertAppliedAsync(held);
    }

    [Fact]
    public async Task A_faulted_partition_stops_those_who_wait_for_it_and_no_others()
    {
        await using var cluster = await WaitForCluster.StartAsync(server, policy: ErrorPolicy.Stop);
        var stopped = await cluster.WaitAsync(await cluster.AppendAsync(WaitForCluster.KeyIn(1), "Poison"));
        Assert.Equal(WaitOutcome.Stopped, stopped.Outcome);
        Assert.Contains("It is poison. Fix the cause, then `pup resume ledger`.", stopped.Detail, StringComparison.Ordinal);
        await cluster.AssertAppliedAsync(await cluster.AppendAsync(WaitForCluster.KeyIn(2)));
    }

    [Fact]
    public async Task A_table_that_is_missing_stops_who_waits_until_it_is_there()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        await cluster.Database.ExecuteAsync("alter table ledger rename to elsewhere");
        var appended = await cluster.AppendAsync("a");
        var stopped = await cluster.WaitAsync(appended);
        Assert.Equal(WaitOutcome.Stopped, stopped.Outcome);
        Assert.Contains("ledger", stopped.Detail, StringComparison.Ordinal);

        await cluster.Database.ExecuteAsync("alter table elsewhere rename to ledger");
        await Eventually.TrueAsync(async () => (await cluster.WaitAsync(appended, seconds: 0)).IsApplied, TimeSpan.FromSeconds(10), "it is applied");
    }

    [Fact]
    public async Task A_projection_that_needs_a_rebuild_says_why()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        var appended = await cluster.AppendAsync("a");
        await cluster.AssertAppliedAsync(appended);
        await cluster.Database.ExecuteAsync("update projections set state = 'needs_rebuild', state_reason = 'its key is another' where name = 'ledger'");
        Assert.Equal(new WaitResult(WaitOutcome.Stopped, "The projection needs a rebuild: its key is another"), await cluster.WaitAsync(appended));

        await cluster.Database.ExecuteAsync("update projections set state = 'running', state_reason = null, key_signature = 'tenant@2' where name = 'ledger'");
        Assert.Equal(WaitOutcome.Stopped, (await cluster.WaitAsync(appended)).Outcome);
    }

    [Fact]
    public async Task An_open_writer_is_named_when_the_time_runs_out()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        await cluster.AssertAppliedAsync(await cluster.AppendAsync("a"));
        await using var source = NpgsqlDataSource.Create(cluster.Database.ConnectionString + ";Application Name=importer;Pooling=false");
        await using var connection = await source.OpenConnectionAsync(WaitForCluster.Token);
        var pid = connection.ProcessID;
        await using var transaction = await connection.BeginTransactionAsync(WaitForCluster.Token);
        await new EventStore(source).AppendAsync("Test", "Thing", "open", ExpectedVersion.Any, [WaitForCluster.Event()], transaction, WaitForCluster.Token);
        var appended = await cluster.AppendAsync("a");

        var blocked = await cluster.WaitAsync(appended, seconds: 2);

        Assert.Equal(WaitOutcome.BlockedByWriter, blocked.Outcome);
        Assert.Matches($@"below the append at {appended.LastPosition}: pid {pid} \(importer\), open since .*, for \d+ s\.", blocked.Detail);
        var waiting = cluster.WaitAsync(appended);
        await transaction.CommitAsync(WaitForCluster.Token);
        Assert.True((await waiting).IsApplied);
        Assert.True(await cluster.IsInLedgerAsync(appended));
    }

    [Fact]
    public async Task What_no_silo_hosts_and_what_nobody_knows_is_said_at_once()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        await cluster.Database.ExecuteAsync(
            "insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('ghost', 2, 2, 'aggregate_id@1', 'contexts=;aggregates=;events=')");
        var appended = await cluster.AppendAsync("a");

        Assert.Equal(new WaitResult(WaitOutcome.Stopped, "No silo of the cluster hosts the projection."), await cluster.WaitAsync(appended, projection: "ghost"));
        await Assert.ThrowsAsync<ProjectionNotFoundException>(() => cluster.WaitAsync(appended, projection: "nobody"));
    }

    [Fact]
    public async Task Without_any_silo_the_checkpoints_are_looked_at()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        var applied = await cluster.AppendAsync("a");
        await cluster.AssertAppliedAsync(applied);
        await Eventually.TrueAsync(
            async () => await cluster.Database.ScalarAsync<long>("select min(last_global_position) from projection_checkpoints where projection_name like 'ledger%'") >= applied.LastPosition,
            TimeSpan.FromSeconds(10),
            "what was skipped is stored");
        await cluster.StopSilosAsync();
        var later = await cluster.AppendAsync("a");

        Assert.True((await cluster.WaitAsync(applied)).IsApplied);
        var late = await cluster.WaitAsync(later, seconds: 0.5);
        Assert.Equal(WaitOutcome.TimedOut, late.Outcome);
        Assert.StartsWith("No silo answered. 4 of 4 partitions have not applied it", late.Detail, StringComparison.Ordinal);
        await cluster.Database.ExecuteAsync("update projections set state = 'paused'");
        Assert.Equal(WaitOutcome.Stopped, (await cluster.WaitAsync(later)).Outcome);
        await Assert.ThrowsAsync<ProjectionNotFoundException>(() => cluster.WaitAsync(later, projection: "nobody"));
    }
}
