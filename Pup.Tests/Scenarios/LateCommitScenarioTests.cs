using Pup.Tests.Feed;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class LateCommitScenarioTests(PostgresServer server)
{
    [Fact]
    public async Task Late_commits_of_many_writers_reach_the_ledger_exactly_while_its_process_is_killed()
    {
        var (seed, random) = Chance.New();
        await using var database = await TestDatabase.CreateAsync(server);
        var traffic = new Traffic(database, seed).RunAsync(Chance.IsLong ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(8));
        var settings = new WorkerSettings { ConnectionString = database.ConnectionString, LedgerOnly = true };
        var kills = 0;
        while (!traffic.IsCompleted)
        {
            await using var worker = WorkerProcess.Start(settings);
            await worker.SaysAsync("running");
            await Task.WhenAny(traffic, Task.Delay(random.Next(1_500), TestContext.Current.CancellationToken));
            await worker.KillAsync();
            kills++;
        }

        await traffic;
        await using var engine = TestEngine.Start(database.ConnectionString);
        await ScenarioWorker.StartAllAsync(engine, settings);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(60));
        var events = await database.ScalarAsync<long>("select count(*) from events");
        TestContext.Current.TestOutputHelper?.WriteLine($"{events} events, {kills} kills");
        Assert.True(events > 500, $"{events} events are no stress");
        await Ledger.AssertExactAsync(database);
    }
}
