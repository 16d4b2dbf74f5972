using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;
using Pup.Client;
using Pup.Grains;
using Pup.Silo.Clustering;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

public sealed class SupervisionTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task With_the_supervisor_off_reminders_alone_bring_partitions_back()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 20);
        await using var cluster = await StartAsync(database, silos: 2, options => options.Supervise = false);
        await cluster.Client.GetGrain<IProjectionGrain>("ledger").EnsureRunningAsync(TestContext.Current.CancellationToken);
        await CaughtUpAsync(database);
        Assert.Equal(4L, await database.ScalarAsync<long>("select count(*) from orleans.orleansreminderstable"));
        var stopped = cluster.Silos[1];
        var address = stopped.SiloAddress.ToParsableString();
        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from projection_partitions where silo = $1", address));

        await cluster.StopSiloAsync(stopped, TestContext.Current.CancellationToken);
        await EventLog.AppendAsync(database, 200, 20);

        await CaughtUpAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_partitions where silo = $1", address));
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_reminder_is_registered_once_and_anew_when_its_ticks_stay_away()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await StartAsync(database, silos: 1, options => options.SupervisionInterval = TimeSpan.FromMilliseconds(50));
        await Eventually.TrueAsync(() => HasRemindersAsync(database, 4), _patience, "each partition has a reminder");
        var first = await cluster.Client.GetGrain<IProjectionPartitionGrain>("ledger/0").GetState();

        // Long enough for many rounds of supervision, each of which asks for the reminder.
        await EventLog.AppendAsync(database, 100, 10);
        await CaughtUpAsync(database);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select min(updated_at) > now() - interval '1 s' from projection_silos") && await database.ScalarAsync<long>("select max(last_global_position) from projection_checkpoints") == 100,
            _patience,
            "supervision goes on");
        Assert.Equal(0, await database.ScalarAsync<int>("select max(version) from orleans.orleansreminderstable"));

        await database.ExecuteAsync("delete from orleans.orleansreminderstable where grainid like '%/0'");
        await Eventually.TrueAsync(() => HasRemindersAsync(database, 4), _patience, "the lost reminder is there again");
        Assert.Equal(first.Epoch, (await cluster.Client.GetGrain<IProjectionPartitionGrain>("ledger/0").GetState()).Epoch);
    }

    [Fact]
    public async Task Only_a_partition_that_does_not_exist_loses_its_reminder()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var cluster = await StartAsync(database, silos: 1);
        await Eventually.TrueAsync(() => HasRemindersAsync(database, 4), _patience, "each partition has a reminder");
        await cluster.Client.GetGrain<IProjectionGrain>("ledger").PauseAsync(TestContext.Current.CancellationToken);

        await database.ExecuteAsync("update projections set partitions = 3");
        await cluster.Client.GetGrain<IProjectionGrain>("ledger").RestartAsync(TestContext.Current.CancellationToken);
        await cluster.Client.GetGrain<IProjectionPartitionGrain>("ledger/3").WakeAsync(TestContext.Current.CancellationToken);

        // A round of supervision that had read the former number may bring it back for a moment.
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select count(*) = 3 and not bool_or(grainid like '%/3') from orleans.orleansreminderstable"),
            _patience,
            "the fourth reminder is gone, and no other");
    }

    [Fact]
    public async Task A_silo_that_hosts_nothing_keeps_nobody_from_seeing_what_is_unplaced()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((silo, host) =>
        {
            var pup = host.UseInMemoryReminderService().AddPup(options => options.ConnectionString = database.ConnectionString);
            if (silo.SiloName.EndsWith('0'))
                pup.AddProjection<LedgerProjection>();
        });
        await using var cluster = builder.Build();
        await cluster.DeployAsync(TestContext.Current.CancellationToken);
        await database.ExecuteAsync("""
            insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('former', 2, 2, '', '')
            """);

        await Eventually.TrueAsync(
            async () => (await cluster.Client.GetGrain<IProjectionGrain>("former").GetState()).State == "unplaced", _patience, "the projection is unplaced");
        Assert.Equal("running", (await cluster.Client.GetGrain<IProjectionGrain>("ledger").GetState()).State);
    }

    private static async Task<bool> HasRemindersAsync(TestDatabase database, long count) =>
        await database.ScalarAsync<long>("select count(*) from orleans.orleansreminderstable") == count;

    private static async Task<InProcessTestCluster> StartAsync(TestDatabase database, short silos, Action<PupOptions>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, silo) => silo
            .UseAdoNetReminderService(reminders => (reminders.Invariant, reminders.ConnectionString) = ("Npgsql", database.ConnectionString + ";Search Path=" + ClusterSchema.Name))
            .Configure<ReminderOptions>(reminders =>
                (reminders.MinimumReminderPeriod, reminders.RefreshReminderListPeriod) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500)))
            .AddPup(options =>
            {
                options.ConnectionString = database.ConnectionString;
                options.SkipInterval = TimeSpan.FromMilliseconds(100);
                options.HaltedPollInterval = TimeSpan.FromMilliseconds(200);
                options.ReminderPeriod = TimeSpan.FromSeconds(1);
                configure?.Invoke(options);
            })
            .AddProjection<LedgerProjection>(projection => projection.Partitions = 4));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private static Task CaughtUpAsync(TestDatabase database) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long?>("select min(last_global_position) from projection_checkpoints where projection_name like 'ledger%'")
            == await database.ScalarAsync<long?>("select max(global_position) from events"),
        _patience,
        "all checkpoints at the end of the log");
}
