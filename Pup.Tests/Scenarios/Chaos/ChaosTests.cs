using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

public sealed class ChaosTests
{
    [Fact]
    public async Task Silos_lines_and_servers_that_fail_all_the_time_lose_repeat_and_swap_nothing()
    {
        var (seed, random) = Chance.New();
        var plan = ChaosPlan.FromEnvironment();
        // A server of its own: it is stopped and killed.
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        await using var network = await SiloNetwork.TryCreateAsync(ChaosPlan.Silos);
        await using var run = new ChaosRun(server, database, network, plan, seed, random);

        var report = await run.RunAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(report.ToString());
        // Also of a run that goes wrong.
        if (Environment.GetEnvironmentVariable("PUP_CHAOS_REPORT") is { Length: > 0 } file)
            await File.WriteAllTextAsync(file, report + "\n", TestContext.Current.CancellationToken);
        await run.AssertInvariantsAsync();
        Assert.True(report.All >= plan.LeastFaults && report.OnServer >= plan.LeastServerFaults, $"too few faults: {report}");
    }
}
