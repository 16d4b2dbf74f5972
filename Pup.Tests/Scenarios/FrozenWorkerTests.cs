using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class FrozenWorkerTests(PostgresServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_worker_frozen_in_the_middle_of_a_batch_changes_nothing_when_it_wakes_up(bool rowLocked)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 1_000, 20);
        var settings = new WorkerSettings
        {
            ConnectionString = database.ConnectionString,
            LedgerOnly = true,
            LedgerPartitions = 1,
            HaltAt = 450,
            HaltLive = rowLocked,
        };
        await using var frozen = WorkerProcess.Start(settings);
        await frozen.SaysAsync("halted");
        await frozen.FreezeAsync();

        await using var second = TestEngine.Start(database.ConnectionString, options => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(300));
        await second.RunAsync(() => new LedgerProjection(), configure: options => options.HandlerTimeout = TimeSpan.FromSeconds(1));
        await second.CaughtUpAsync(database, TimeSpan.FromSeconds(60));
        var epoch = await database.ScalarAsync<long>("select epoch from projection_checkpoints");

        await frozen.ThawAsync();
        await frozen.GoOnAsync();
        await EventLog.AppendAsync(database, 1_000, 20);
        await second.CaughtUpAsync(database);

        // It had a batch to finish and more to read; had it not left, it would have taken the new events too.
        Assert.False(frozen.HasExited);
        Assert.Equal(epoch, await database.ScalarAsync<long>("select epoch from projection_checkpoints"));
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task Processes_frozen_and_woken_at_random_on_the_same_partitions_apply_each_event_once()
    {
        var (_, random) = Chance.New();
        await using var database = await TestDatabase.CreateAsync(server);
        var settings = new WorkerSettings { ConnectionString = database.ConnectionString, BatchSize = 20 };
        var rounds = Chance.IsLong ? 10 : 2;
        for (var round = 0; round < rounds; round++)
        {
            await EventLog.AppendAsync(database, 2_000, 61);
            await using var first = WorkerProcess.Start(settings);
            await first.SaysAsync("running");
            await using var second = WorkerProcess.Start(settings);
            for (var freeze = 0; freeze < 4; freeze++)
            {
                var victim = random.Next(2) == 0 ? first : second;
                await victim.FreezeAsync();
                await Task.Delay(random.Next(300), TestContext.Current.CancellationToken);
                await victim.ThawAsync();
                await Task.Delay(random.Next(100), TestContext.Current.CancellationToken);
            }
        }

        await using var engine = TestEngine.Start(database.ConnectionString);
        await ScenarioWorker.StartAllAsync(engine, settings);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
        await ReadModels.SerialFold.AssertAllAsync(database);
    }
}
