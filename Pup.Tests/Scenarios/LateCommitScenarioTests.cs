using Pup.Tests.Feed;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class LateCommitScenarioTests(PostgresServer server)
{
    private const string LookSessionSql = """
        select l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid and a.application_name = 'pup' and a.datname = current_database()
        where l.locktype = 'advisory' and l.mode = 'ExclusiveLock'
        """;

    private const string ProgressSql = "select coalesce(min(last_global_position), 0) from projection_checkpoints";

    [Fact]
    public async Task A_writer_that_comes_and_is_overtaken_in_the_middle_of_a_look_is_waited_for()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(static () => new LedgerProjection());
        await engine.CaughtUpAsync(database);
        var before = engine.Feed.Status.Mark;
        await using var gate = await Log.BeginAsync(database, "gate");
        await using var writer = await Log.BeginAsync(database);

        // The look stands before the step that asks for the end of the log: at first it waits for a lock, then its process is stopped.
        var look = await database.ScalarAsync<int>(LookSessionSql);
        await gate.ExecuteAsync("lock table events in access exclusive mode");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>("select $1 = any (pg_blocking_pids($2))", gate.ProcessID, look), TimeSpan.FromSeconds(10), "the look waits");
        long late, last;
        await Shell.RunAsync("kill -STOP \"$1\"", $"{look}");
        try
        {
            await gate.ExecuteAsync("rollback");
            late = await Log.AppendAsync(writer, "late", 1);
            last = await Log.AppendAsync(database);
        }
        finally
        {
            await Shell.RunAsync("kill -CONT \"$1\"", $"{look}");
        }

        await Eventually.TrueAsync(() => engine.Feed.Status.Visible >= last, TimeSpan.FromSeconds(10), "the look sees what was committed");
        Assert.Equal(before, engine.Feed.Status.Mark);
        Assert.Contains(engine.Feed.Status.Holders, holder => holder.Writer.Pid == writer.ProcessID);
        await writer.ExecuteAsync("commit");
        await engine.CaughtUpAsync(database);
        Assert.True(late < last);
        await Ledger.AssertExactAsync(database);
    }

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
            // Far behind the end of the log every writer has long decided, and any mark would do.
            await ReachEndAsync(database, worker, traffic);
            await Task.WhenAny(traffic, Task.Delay(random.Next(1_000), TestContext.Current.CancellationToken));
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

    private static async Task ReachEndAsync(TestDatabase database, WorkerProcess worker, Task traffic)
    {
        var end = await database.ScalarAsync<long>("select coalesce(max(global_position), 0) from events");
        await Eventually.TrueAsync(
            async () => traffic.IsCompleted || worker.HasExited || await database.ScalarAsync<long>(ProgressSql) >= end,
            TimeSpan.FromSeconds(60),
            $"the worker reaches {end}");
    }
}
