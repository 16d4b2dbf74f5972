using Npgsql;
using Pup.Tests.Scenarios.Proxy;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class LineFailureTests(PostgresServer server)
{
    internal const string HeldSql = """
        select exists (
            select from pg_stat_activity a join pg_locks l on l.pid = a.pid and l.relation = 'projection_checkpoints'::regclass and l.mode = 'RowShareLock'
            where a.application_name = 'pup' and a.datname = current_database() and a.state = 'active' and a.wait_event = 'ClientRead')
        """;

    [Fact]
    public async Task Whatever_becomes_of_a_commit_nothing_is_lost_or_applied_twice()
    {
        var (seed, random) = Chance.New();
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 4_000, 97);
        await using var proxy = new TcpProxy(server.Port);
        var gate = new Lock();
        var fates = new int[Enum.GetValues<CommitFate>().Length];
        proxy.OnCommit = () =>
        {
            lock (gate)
            {
                // Stalls cost a command timeout each.
                var fate = random.Next(100) switch
                {
                    < 8 => CommitFate.CutBefore,
                    < 16 => CommitFate.CutAtOnce,
                    < 26 => CommitFate.CutAfter,
                    < 28 => CommitFate.Stall,
                    < 32 => CommitFate.Delay,
                    _ => CommitFate.Pass,
                };
                fates[(int)fate]++;
                return fate;
            }
        };
        await using (var engine = TestEngine.Start(Through(proxy, database), options => options.HandlerTimeout = TimeSpan.FromSeconds(2)))
        {
            await ScenarioWorker.StartAllAsync(engine, new WorkerSettings { ConnectionString = database.ConnectionString, BatchSize = 60 });
            await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
            await EventLog.AppendAsync(database, 1_000, 97);
            await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", fates.Select((count, fate) => $"{(CommitFate)fate}: {count}")));
        Assert.True(fates[(int)CommitFate.CutAfter] > 5, $"seed {seed}: hardly a commit was cut");
        await SerialFold.AssertAllAsync(database);
    }

    // The COMMIT takes longer than asking about it. The next attempt comes after it has arrived, or meets it still under way.
    [Theory]
    [InlineData(6_000, 1)]
    [InlineData(5, 2)]
    public async Task A_commit_that_arrives_after_it_was_asked_about_is_not_applied_again(int pause, int mostCalls)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync(
            """
            create table tally (n int not null);
            insert into tally values (0);
            create function slow_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
            create constraint trigger slow after update on tally deferrable initially deferred for each row execute function slow_commit();
            """);
        await EventLog.AppendAsync(database, 1, 1);
        await using var proxy = new TcpProxy(server.Port);
        var (calls, armed) = (0, 0);
        proxy.OnCommit = () => Interlocked.Exchange(ref armed, 0) == 1 ? CommitFate.CutAtOnce : CommitFate.Pass;
        await using var engine = TestEngine.Start(Through(proxy, database, timeout: 30), options => options.RetryDelay = options.MaxRetryDelay = TimeSpan.FromMilliseconds(pause));
        await engine.RunAsync(() => new TallyProjection(() => Volatile.Write(ref armed, Interlocked.Increment(ref calls) == 1 ? 1 : 0)));
        await engine.CaughtUpAsync(database);

        Assert.Equal(1, await database.ScalarAsync<int>("select n from tally"));
        Assert.InRange(calls, 1, mostCalls);
        Assert.Equal(1L, engine.Runners[0].Journal.Events);
    }

    [Fact]
    public async Task A_takeover_gets_past_a_worker_frozen_while_it_sends_a_batch()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 2_000, 50);
        await using var proxy = new TcpProxy(server.Port);
        proxy.FreezeAfterSending = bytes => bytes > 8_000 && proxy.Frozen == 0;
        await using var frozen = TestEngine.Start(Through(proxy, database, timeout: 60));
        var loser = (await frozen.RunAsync(() => new LedgerProjection(), configure: options => options.BatchSize = 1_000))[0];
        await Eventually.TrueAsync(() => proxy.Frozen == 1, TimeSpan.FromSeconds(30), "a batch frozen while it is sent");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>(HeldSql), TimeSpan.FromSeconds(10), "the row is locked by a session that waits for the rest of its batch");

        await using var second = TestEngine.Start(database.ConnectionString, options => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(300));
        await second.RunAsync(() => new LedgerProjection(), configure: options => options.HandlerTimeout = TimeSpan.FromSeconds(1));
        await second.CaughtUpAsync(database, TimeSpan.FromSeconds(60));
        await EventLog.AppendAsync(database, 100, 50);
        await second.CaughtUpAsync(database);

        await Eventually.TrueAsync(() => loser.State == Grains.Partitions.PartitionState.Left, TimeSpan.FromSeconds(30), "the frozen worker left");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_worker_gets_past_its_own_session_that_was_cut_while_sending()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 2_000, 50);
        await using var proxy = new TcpProxy(server.Port) { CutFrozenClients = true };
        proxy.FreezeAfterSending = bytes => bytes > 8_000 && proxy.Frozen == 0;
        await using var engine = TestEngine.Start(Through(proxy, database), options => options.OwnershipLockTimeout = TimeSpan.FromMilliseconds(300));
        await engine.RunAsync(() => new LedgerProjection(), configure: options =>
        {
            options.BatchSize = 1_000;
            options.HandlerTimeout = TimeSpan.FromSeconds(1);
        });

        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>(HeldSql), TimeSpan.FromSeconds(10), "the row is locked by a session that waits for the rest of its batch");
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(40));
        Assert.Equal(1, proxy.Frozen);
        await Ledger.AssertExactAsync(database);
    }

    private string Through(TcpProxy proxy, TestDatabase database, int timeout = 2) =>
        new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name)) { Port = proxy.Port, CommandTimeout = timeout, CancellationTimeout = 500 }.ConnectionString;
}
