using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class ProcessKillTests(PostgresServer server)
{
    private const string BehindSql = """
        select coalesce((select max(global_position) from events), 0) > coalesce((select min(last_global_position) from projection_checkpoints), 0)
        """;

    private const string ProgressSql = "select coalesce(sum(last_global_position), 0)::bigint from projection_checkpoints";

    private const string ConvictedSql = "(projection_name, ordering_key) in (select projection_name, ordering_key from projection_dead_letters where error like '%while this event was handled alone%')";

    [Fact]
    public async Task Killed_at_any_moment_of_catch_up_read_models_equal_a_serial_fold()
    {
        var (seed, random) = Chance.New();
        await using var database = await TestDatabase.CreateAsync(server);
        var settings = new WorkerSettings { ConnectionString = database.ConnectionString };
        var kills = Chance.IsLong ? 50 : 10;
        for (var counted = 0; counted < kills;)
        {
            await EventLog.AppendAsync(database, 2_000, 97);
            await using var worker = WorkerProcess.Start(settings);
            // Most kills hit work under way, some the start.
            if (random.Next(5) == 0)
                await Task.Delay(random.Next(1_000), TestContext.Current.CancellationToken);
            else
                await WorkAsync(database, worker, random);
            var behind = await database.ScalarAsync<bool>(BehindSql);
            Assert.False(worker.HasExited, $"seed {seed}: the worker ended by itself: {worker.Errors()}");
            await worker.KillAsync();
            if (behind)
                counted++;
        }

        await using var engine = TestEngine.Start(database.ConnectionString);
        await ScenarioWorker.StartAllAsync(engine, settings);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
        await AcquitAsync(database, engine);
        await SerialFold.AssertAllAsync(database);
    }

    // A process that is killed all the time is killed during something: an event that was in hand alone at four deaths is held to be their
    // cause, and parked. What an operator does who knows better must make the read models whole.
    private static async Task AcquitAsync(TestDatabase database, TestEngine engine)
    {
        await database.ExecuteAsync($"update projection_dead_letters set requested = 'retry' where {ConvictedSql}");
        foreach (var runner in engine.Runners)
            runner.Wake();
        await Eventually.TrueAsync(
            () => database.ScalarAsync<bool>("select not exists (select from projection_dead_letters where requested is not null)"), TimeSpan.FromSeconds(60), "what was parked is applied");
    }

    private static async Task WorkAsync(TestDatabase database, WorkerProcess worker, Random random)
    {
        var before = await database.ScalarAsync<long>(ProgressSql) + random.Next(4_000);
        await Eventually.TrueAsync(
            async () => worker.HasExited || await database.ScalarAsync<long>(ProgressSql) > before, TimeSpan.FromSeconds(60), "the worker makes progress");
        await Task.Delay(random.Next(150), TestContext.Current.CancellationToken);
    }
}
