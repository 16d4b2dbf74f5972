using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Tests.Scenarios;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>Reading one's own writes over three silos in processes of their own, on the clustering that is used in production.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class WaitForScenarioTests(PostgresServer server)
{
    private static readonly TimeSpan _startUp = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Nothing_is_seen_early_while_writers_commit_late_partitions_change_in_number_and_a_silo_is_killed()
    {
        var (seed, random) = Chance.New();
        var total = Chance.IsLong ? 10_000 : 1_500;
        await using var database = await TestDatabase.CreateAsync(server);
        var silos = Enumerable.Range(0, 3).Select(_ => Start(database)).ToList();
        try
        {
            await Task.WhenAll(silos.Select(silo => silo.SaysAsync("started")));
            await Eventually.TrueAsync(
                async () => await database.ScalarAsync<long>("select count(*) from projection_partitions where silo is not null") == 12, _startUp, "every partition is owned");
            using var application = Build(database);
            await application.StartAsync(TestContext.Current.CancellationToken);
            var projections = application.Services.GetRequiredService<IProjectionClient>();
            var writers = new WaitForWriters(database, projections, total, seed);
            var writing = writers.RunAsync();

            for (var step = 1; step <= 9; step++)
            {
                await Eventually.TrueAsync(() => writers.Done >= total * step / 10 || writing.IsCompleted, TimeSpan.FromMinutes(5), $"step {step} of seed {seed}");
                if (step == 5)
                    await silos[0].KillAsync();
                if (step == 7)
                    silos.Add(Start(database));
                await OrderAsync(projections, new[] { "ledger", "tenants", "words" }[step % 3], 1 + random.Next(8));
            }

            await writing;
            TestContext.Current.TestOutputHelper?.WriteLine($"{writers.Done} waits, the longest took {writers.Longest.TotalSeconds:0.00} s");
            Assert.True(writers.Complaints.IsEmpty, $"seed {seed}: {writers.Complaints.Count} complaints: {string.Join("\n", writers.Complaints.Take(10))}");
            Assert.Equal(total, writers.Done);
            await application.StopAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();
        }
    }

    // An order whose gateway was killed is lost, and its answer would be waited for for minutes; an order may be repeated.
    private static Task OrderAsync(IProjectionClient projections, string projection, int partitions) => Eventually.TrueAsync(
        async () =>
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(TimeSpan.FromSeconds(10));
            try
            {
                await projections.RepartitionAsync(projection, partitions, patience.Token);
                return true;
            }
            catch (Exception exception) when (exception is OperationCanceledException or ClusterUnavailableException)
            {
                return false;
            }
        },
        TimeSpan.FromMinutes(2),
        $"{projection} has {partitions} partitions");

    private static SiloProcess Start(TestDatabase database) => SiloProcess.StartAs([WaitForSilo.Command], database.ConnectionString, "--total-partitions=4", "Pup__Gateway=true");

    private static IHost Build(TestDatabase database)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("DATABASE_URL", (string?)database.ConnectionString)]);
        builder.Logging.AddProvider(new XunitLoggerProvider());
        builder.AddPupClient();
        return builder.Build();
    }
}
