using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>When a wait says that the read model shows an append: whoever owns its keys has committed it, and nobody else matters.</summary>
public sealed class WaitForTests(PostgresServer server)
{
    [Fact]
    public async Task An_append_is_applied_when_its_partition_has_committed_it_and_a_zero_timeout_looks_once()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        await cluster.AssertAppliedAsync(await cluster.AppendAsync("a"));

        cluster.Gate.Close();
        var held = await cluster.AppendAsync("a", "Held");
        var late = await cluster.WaitAsync(held, seconds: 0);
        Assert.Equal(WaitOutcome.TimedOut, late.Outcome);
        Assert.Contains($"the append at {held.LastPosition}", late.Detail, StringComparison.Ordinal);
        var waiting = cluster.WaitAsync(held);
        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(held, seconds: 0.3)).Outcome);
        Assert.False(waiting.IsCompleted);

        cluster.Gate.Open();
        Assert.True((await waiting).IsApplied);
        Assert.True(await cluster.IsInLedgerAsync(held));
        Assert.True((await cluster.WaitAsync(held, seconds: 0)).IsApplied);
    }

    [Fact]
    public async Task Only_the_partition_that_owns_the_aggregate_matters()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        cluster.Gate.Close();
        var held = await cluster.AppendAsync(WaitForCluster.KeyIn(1), "Held");

        await cluster.AssertAppliedAsync(await cluster.AppendAsync(WaitForCluster.KeyIn(2)));

        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(held, seconds: 0)).Outcome);
    }

    [Fact]
    public async Task Of_a_projection_with_a_key_of_its_own_the_partition_of_that_key_is_waited_for()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        cluster.Gate.Close();
        await cluster.AppendAsync("x", "Held", WaitForCluster.KeyIn(1, "tenant"));

        // Its aggregate belongs to a partition that goes on, its key to the one that is held; and the other way round.
        var behind = await cluster.AppendAsync(WaitForCluster.KeyIn(2), payload: WaitForCluster.KeyIn(1, "another"));
        var free = await cluster.AppendAsync(WaitForCluster.KeyIn(1), payload: WaitForCluster.KeyIn(2, "tenant"));

        await cluster.AssertAppliedAsync(free, "tenants");
        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(behind, seconds: 0.5, "tenants")).Outcome);
        cluster.Gate.Open();
        await cluster.AssertAppliedAsync(behind, "tenants");
    }

    [Fact]
    public async Task All_documents_of_an_event_are_waited_for_whatever_partitions_they_belong_to()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        var (slow, quick) = (WaitForCluster.KeyIn(1, "slow"), WaitForCluster.KeyIn(3, "quick"));
        Assert.True((await cluster.WaitAsync(await cluster.AppendAsync("a", payload: slow), projection: "words")).IsApplied);
        await using var connection = await cluster.Database.DataSource.OpenConnectionAsync(WaitForCluster.Token);
        await using var transaction = await connection.BeginTransactionAsync(WaitForCluster.Token);
        await using (var locking = new Npgsql.NpgsqlCommand("select 1 from words_documents where id = $1 for update", connection) { Parameters = { new() { Value = slow } } })
            await locking.ExecuteNonQueryAsync(WaitForCluster.Token);

        var both = await cluster.AppendAsync("a", payload: $"{slow} {quick}");
        Assert.True((await cluster.WaitAsync(await cluster.AppendAsync("a", payload: quick), projection: "words")).IsApplied);
        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(both, seconds: 0.5, "words")).Outcome);

        await transaction.RollbackAsync(WaitForCluster.Token);
        Assert.True((await cluster.WaitAsync(both, projection: "words")).IsApplied);
        Assert.Equal(both.LastPosition, await cluster.Database.ScalarAsync<long>("select position from words_documents where id = $1", slow));
    }

    [Fact]
    public async Task What_a_projection_does_not_see_is_not_waited_for()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        await cluster.Grain("counted").PauseAsync(WaitForCluster.Token);

        Assert.True((await cluster.WaitAsync(await cluster.AppendAsync("a"), projection: "counted")).IsApplied);
        Assert.Equal(WaitOutcome.Stopped, (await cluster.WaitAsync(await cluster.AppendAsync("a", "Counted"), projection: "counted")).Outcome);
    }

    [Fact]
    public async Task An_append_that_is_not_committed_or_was_rolled_back_is_never_applied()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        var store = new EventStore(cluster.Database.DataSource);
        AppendResult open;
        await using (var connection = await cluster.Database.DataSource.OpenConnectionAsync(WaitForCluster.Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(WaitForCluster.Token);
            open = await store.AppendAsync("Test", "Thing", "a", ExpectedVersion.Any, [WaitForCluster.Event()], transaction, WaitForCluster.Token);
            Assert.False((await cluster.WaitAsync(open, seconds: 0.1)).IsApplied);
            await transaction.RollbackAsync(WaitForCluster.Token);
        }

        // Every partition goes past where it would have been.
        for (var partition = 0; partition < WaitForCluster.Partitions; partition++)
            await cluster.AssertAppliedAsync(await cluster.AppendAsync(WaitForCluster.KeyIn(partition)));
        var lost = await cluster.WaitAsync(open, seconds: 0.3);
        Assert.Equal(WaitOutcome.TimedOut, lost.Outcome);
        Assert.Contains("rolled back", lost.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repartition_while_somebody_waits_neither_answers_early_nor_keeps_him_waiting()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        // Both in partition 2 of four and in partition 1 of three, which they hold up; partition 2 of three goes on. The open writer keeps
        // them from being taken by the partitions of four.
        string[] keys = [.. Enumerable.Range(0, 1_000).Select(static number => $"k{number}").Where(static key => IsIn(key, 2, 4) && IsIn(key, 1, 3)).Take(2)];
        cluster.Gate.Close();
        await using var connection = await cluster.Database.DataSource.OpenConnectionAsync(WaitForCluster.Token);
        await using var writer = await connection.BeginTransactionAsync(WaitForCluster.Token);
        await new EventStore(cluster.Database.DataSource).AppendAsync("Test", "Thing", "open", ExpectedVersion.Any, [WaitForCluster.Event()], writer, WaitForCluster.Token);
        await cluster.AppendAsync(keys[0], "Held");
        var appended = await cluster.AppendAsync(keys[1]);
        var waiting = cluster.WaitAsync(appended, seconds: 60);
        Assert.False((await cluster.WaitAsync(appended, seconds: 0.2)).IsApplied);

        await cluster.Grain().RepartitionAsync(3, WaitForCluster.Token);
        await writer.RollbackAsync(WaitForCluster.Token);
        await Eventually.TrueAsync(
            async () => await cluster.Database.ScalarAsync<long>("select last_global_position from projection_checkpoints where projection_name = 'ledger_p2'") >= appended.LastPosition,
            TimeSpan.FromSeconds(20),
            "the partition of the former number is past the append");
        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(appended, seconds: 0)).Outcome);
        Assert.False(waiting.IsCompleted);

        cluster.Gate.Open();
        Assert.True((await waiting.WaitAsync(TimeSpan.FromSeconds(5), WaitForCluster.Token)).IsApplied);
        Assert.True(await cluster.IsInLedgerAsync(appended));

        static bool IsIn(string key, int partition, int partitions) => Grains.Partitions.Partitioner.PartitionOf(Grains.Partitions.Partitioner.Hash(key), partitions) == partition;
    }

    [Fact]
    public async Task What_a_former_partition_applied_is_applied_though_its_new_one_starts_behind_it()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        cluster.Gate.Close();
        var held = await cluster.AppendAsync(WaitForCluster.KeyIn(1), "Held");
        var applied = await cluster.AppendAsync(WaitForCluster.KeyIn(2));
        await cluster.AssertAppliedAsync(applied);

        // One partition for both, from where the slower one stood.
        await cluster.Grain().RepartitionAsync(1, WaitForCluster.Token);

        Assert.True(await cluster.Database.ScalarAsync<long>("select last_global_position from projection_checkpoints where projection_name = 'ledger'") < held.LastPosition);
        Assert.True((await cluster.WaitAsync(applied, seconds: 0)).IsApplied);
        Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(held, seconds: 0)).Outcome);
    }

    [Fact]
    public async Task During_a_rebuild_nothing_is_applied_before_it_is_applied_again()
    {
        await using var cluster = await WaitForCluster.StartAsync(server);
        await cluster.AssertAppliedAsync(await cluster.AppendAsync("a", "Held"));
        var appended = await cluster.AppendAsync("a");
        await cluster.AssertAppliedAsync(appended);

        cluster.Gate.Close();
        await cluster.Grain().RebuildAsync(WaitForCluster.Token);
        for (var look = 0; look < 20; look++)
            Assert.Equal(WaitOutcome.TimedOut, (await cluster.WaitAsync(appended, seconds: 0.01)).Outcome);

        cluster.Gate.Open();
        await cluster.AssertAppliedAsync(appended);
    }

    [Fact]
    public async Task Who_waits_from_idle_is_seen_to_at_once_by_a_look_ahead_of_its_time()
    {
        await using var cluster = await WaitForCluster.StartAsync(server, looksEvery: TimeSpan.FromSeconds(5));
        await cluster.AssertAppliedAsync(await cluster.AppendAsync("a"));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var number = 0; number < 5; number++)
            await cluster.AssertAppliedAsync(await cluster.AppendAsync("a"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"five appends took {watch.Elapsed}");
    }
}
