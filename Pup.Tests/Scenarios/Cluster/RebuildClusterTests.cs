using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>A rebuild as an operator orders it from outside, in a cluster of processes and under traffic.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class RebuildClusterTests(PostgresServer server)
{
    private static readonly TimeSpan _startUp = TimeSpan.FromSeconds(Chance.IsLong ? 120 : 60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rebuild_is_watched_to_its_exact_end_though_a_silo_is_killed_and_others_do_not_notice()
    {
        await using var cluster = await ClusterScenario.StartAsync(server);
        await EventLog.AppendAsync(cluster.Database, Chance.IsLong ? 200_000 : 30_000, 997, "rebuilt-");
        var silos = await cluster.StartAsync(3, "--total-partitions=6", "Pup__Gateway=true", "Pup__BatchSize=100");
        await cluster.AllAdvanceAsync(_startUp, silos);
        using var application = Build(cluster.Database.ConnectionString);
        await application.StartAsync(Token);
        var projections = application.Services.GetRequiredService<IProjectionClient>();

        var (killedAt, steps) = (1.0, new List<RebuildProgress>());
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await foreach (var progress in projections.RebuildAsync("ledger", Token))
        {
            if (steps.Count == 0)
            {
                killedAt = progress.Share;
                await silos[0].KillAsync();
            }

            steps.Add(progress);
        }

        TestContext.Current.SendDiagnosticMessage($"Killed at {killedAt:P0}, {steps.Count} steps, done after {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.True(killedAt < 0.9, $"The rebuild was done to {killedAt:P0} when the silo was killed.");
        Assert.True(steps[^1].IsDone);
        Assert.All(steps, step => Assert.Equal((steps[0].StartedAt, steps[0].Total), (step.StartedAt, step.Total)));
        Assert.Equal(steps.Select(step => step.Applied).Order(), steps.Select(step => step.Applied));
        // The cluster has only just noticed, and commands go through all the same.
        await silos[1].KillAsync();
        await projections.RestartAsync("ledger", Token);
        await cluster.AssertExactAsync(silos[2]);
        var counter = await projections.GetAsync("counter", Token);
        Assert.Null(counter.Rebuild);
        Assert.Equal(0L, counter.DeadLetters);
        Assert.Equal("rebuild done, restart done", await cluster.Database.ScalarAsync<string>("select string_agg(action || ' ' || result, ', ' order by id) from projection_audit"));
        await application.StopAsync(Token);
    }

    private static IHost Build(string address)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["DATABASE_URL"] = address;
        builder.AddPupClient();
        return builder.Build();
    }
}
