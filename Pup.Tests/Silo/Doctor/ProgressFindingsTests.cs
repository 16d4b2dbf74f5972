using Orleans.Hosting;
using Orleans.TestingHost;
using Pup.Client.Events;
using Pup.Client.Operations.Cluster;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Silo.Doctor;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>What moves too slowly, and what does not move.</summary>
public sealed class ProgressFindingsTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly DoctorLimits _watch = new() { Watch = TimeSpan.FromSeconds(1.5), Lag = 20, StandsStill = TimeSpan.Zero };

    [Fact]
    public async Task A_partition_whose_handler_hangs()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 2);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection(before: async (_, _, token) => await Task.Delay(Timeout.Infinite, token)));
        await Doctors.AnnounceAsync(database);
        await MarkIsAsync(database, 10);

        var finding = Doctors.Only(await Doctors.ExamineAsync(database, _watch));
        Assert.Equal((Severity.Error, "stuck"), (finding.Severity, finding.Code));
        Assert.StartsWith("projection ledger, partition 0, on", finding.Where, StringComparison.Ordinal);
        Assert.Contains("can be read up to 10 and it stands at 0", finding.What, StringComparison.Ordinal);
        Assert.NotNull(finding.Hidden);

        // A batch may take its time.
        Doctors.AssertNone(await Doctors.ExamineAsync(database));
        Assert.Contains("Its silo says: Running", Doctors.Only(await Doctors.ExamineAsync(database, _watch, statuses: new RunnerStatuses(engine))).What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "handler")]
    [InlineData(false, "database")]
    public async Task A_projection_that_falls_behind_and_where_its_time_goes(bool inHandler, string advice)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 400, 10);
        await using var cluster = await StartAsync(database, inHandler);
        await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select last_global_position from projection_checkpoints") > 0, _patience, "it moves");

        var report = await Doctors.ExamineAsync(database, _watch with { StandsStill = TimeSpan.FromMinutes(1) }, statuses: new GrainStatuses(new HostedCluster(cluster.Client, "pup")));
        var finding = Doctors.Only(report);
        Assert.Equal((Severity.Warning, "falling-behind", "projection slow, partition 0"), (finding.Severity, finding.Code, finding.Where));
        var shares = System.Text.RegularExpressions.Regex.Match(finding.What, @"(\d+) % to the handler, (\d+) % to commits, (\d+) % to waiting");
        Assert.True(shares.Success, finding.What);
        Assert.InRange(int.Parse(shares.Groups[inHandler ? 1 : 2].Value, System.Globalization.CultureInfo.InvariantCulture), 60, 100);
        Assert.Contains(advice, finding.Do, StringComparison.Ordinal);
        Assert.Null(finding.Hidden);

        Assert.Contains("silos only", Doctors.Only(await Doctors.ExamineAsync(database, _watch with { StandsStill = TimeSpan.FromMinutes(1) })).Hidden, StringComparison.Ordinal);
    }

    private static Task MarkIsAsync(TestDatabase database, long position) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long>("select coalesce(max(mark), 0) from projection_log_mark") == position, _patience, $"the mark {position} is persisted");

    private static async Task<InProcessTestCluster> StartAsync(TestDatabase database, bool inHandler)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            var pup = silo.UseInMemoryReminderService().AddPup(options => (options.ConnectionString, options.BatchSize) = (database.ConnectionString, 1));
            if (inHandler)
                pup.AddProjection<SlowHandler>();
            else
                pup.AddProjection<SlowStatement>();
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private sealed class SlowHandler : IProjection
    {
        public string Name => "slow";

        public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
    }

    private sealed class SlowStatement : IProjection
    {
        public string Name => "slow";

        public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
        {
            transaction.Execute("select pg_sleep(0.1)");
            return ValueTask.CompletedTask;
        }
    }
}
