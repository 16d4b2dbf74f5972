using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;
using Pup.Client;
using Pup.Grains;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

/// <summary>Repartition as a cluster does it: by its grain, and by configuration.</summary>
public sealed class RepartitionGrainTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_grain_starts_the_new_partitions_and_those_that_are_no_more_go_with_their_reminders()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 1_000, 50);
        await using var cluster = await StartAsync(database, 4);
        var grain = cluster.Client.GetGrain<IProjectionGrain>("ledger");
        await RunsAsync(cluster, database, 4);
        foreach (var partitions in new[] { 8, 2, 3 })
        {
            await grain.RepartitionAsync(partitions, Token);
            await EventLog.AppendAsync(database, 200, 50);
            await RunsAsync(cluster, database, partitions);
            Assert.Equal(partitions, (await grain.GetState()).Partitions);
        }

        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    [Fact]
    public async Task An_impossible_number_is_refused_and_nothing_is_changed()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await StartAsync(database, 2);
        var grain = cluster.Client.GetGrain<IProjectionGrain>("ledger");

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => grain.RepartitionAsync(0, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => grain.RepartitionAsync(10_001, Token));

        Assert.Equal(2, (await grain.GetState()).Partitions);
    }

    [Fact]
    public async Task A_silo_that_is_alone_follows_its_configuration_and_leaves_alone_what_was_ordered()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 50);
        await using (var cluster = await StartAsync(database, 2))
        {
            await RunsAsync(cluster, database, 2);
            await cluster.Client.GetGrain<IProjectionGrain>("ledger").RepartitionAsync(3, Token);
        }

        await using (var same = await StartAsync(database, 2))
        {
            await same.Client.GetGrain<IProjectionGrain>("ledger").EnsureRunningAsync(Token);
            await RunsAsync(same, database, 3);
        }

        await using var changed = await StartAsync(database, 5);
        await EventLog.AppendAsync(database, 100, 50);
        await RunsAsync(changed, database, 5);
        Assert.Equal("5 5", await database.ScalarAsync<string>("select partitions || ' ' || configured_partitions from projections"));
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task One_silo_among_several_does_not_speak_for_the_others()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await StartAsync(database, 2, 3);
        var partitions = 0;
        await Eventually.TrueAsync(
            async () => (partitions = await database.ScalarAsync<int>("select partitions from projections")) > 0, TimeSpan.FromSeconds(20), "the projection is registered");
        await RunsAsync(cluster, database, partitions);
        // As if both had been configured anew, and not alike.
        await database.ExecuteAsync("update projections set configured_partitions = 9");

        await cluster.Client.GetGrain<IProjectionGrain>("ledger").EnsureRunningAsync(Token);

        Assert.Equal($"{partitions} 9", await database.ScalarAsync<string>("select partitions || ' ' || configured_partitions from projections"));
    }

    private static async Task<InProcessTestCluster> StartAsync(TestDatabase database, params int[] partitions)
    {
        var builder = new InProcessTestClusterBuilder((short)partitions.Length);
        var started = 0;
        builder.ConfigureSilo((_, silo) =>
        {
            var own = partitions[Interlocked.Increment(ref started) - 1];
            silo.UseInMemoryReminderService()
                .AddPup(options =>
                {
                    options.ConnectionString = database.ConnectionString;
                    options.SkipInterval = TimeSpan.FromMilliseconds(100);
                    options.HaltedPollInterval = TimeSpan.FromMilliseconds(500);
                    options.MaxRetryDelay = TimeSpan.FromMilliseconds(500);
                })
                .AddProjection<LedgerProjection>(projection => projection.Partitions = own);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    // Exactly these partitions, each at the end of the log, and a reminder for each.
    private static Task RunsAsync(InProcessTestCluster cluster, TestDatabase database, int partitions) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long>("select count(*) from projection_checkpoints where last_global_position >= (select coalesce(max(global_position), 0) from events) and epoch > 0") == partitions
            && await database.ScalarAsync<long>("select count(*) from projection_checkpoints") == partitions
            && await RemindersAsync(cluster) == partitions,
        TimeSpan.FromSeconds(20),
        $"{partitions} partitions at the end of the log");

    private static async Task<int> RemindersAsync(InProcessTestCluster cluster) =>
        (await cluster.Silos[0].ServiceProvider.GetRequiredService<IReminderTable>().ReadRows(0, 0)).Reminders.Count;
}
