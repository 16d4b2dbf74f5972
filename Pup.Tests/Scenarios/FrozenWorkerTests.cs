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

        // It has a batch to finish and more to read. What it says is awaited: before that it may just not have come to it.
        await frozen.ThawAsync();
        await frozen.GoOnAsync();
        await frozen.SaysAsync("left");
        await EventLog.AppendAsync(database, 1_000, 20);
        await second.CaughtUpAsync(database);

        Assert.Equal(epoch, await database.ScalarAsync<long>("select epoch from projection_checkpoints"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_worker_frozen_while_it_works_off_a_dead_letter_does_not_apply_it_again_though_the_checkpoint_stands_where_it_stood()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 1);
        await using (var parking = TestEngine.Start(database.ConnectionString))
        {
            await parking.RunAsync(static () => new LedgerProjection(before: static (_, _, _) => throw new InvalidOperationException("injected")));
            await parking.CaughtUpAsync(database);
        }

        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry' where status = 'failed'");
        await using var frozen = WorkerProcess.Start(new WorkerSettings
        {
            ConnectionString = database.ConnectionString,
            LedgerOnly = true,
            LedgerPartitions = 1,
            HaltAt = 5,
        });
        await frozen.SaysAsync("halted");
        await frozen.FreezeAsync();

        // A retry has its row locked while its handlers run: the takeover ends the session, and so must what wakes up later.
        await using var second = TestEngine.Start(database.ConnectionString, options => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(300));
        await second.RunAsync(static () => new LedgerProjection(), configure: options => options.HandlerTimeout = TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(30), "every dead letter worked off");
        Assert.Equal(10L, await database.ScalarAsync<long>("select last_global_position from projection_checkpoints"));

        await frozen.ThawAsync();
        await frozen.GoOnAsync();
        await frozen.SaysAsync("left");
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
