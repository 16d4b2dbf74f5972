using System.Collections.Concurrent;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class InjectedFailureTests(PostgresServer server)
{
    private const int Aggregates = 200;
    private static readonly int s_events = Chance.IsLong ? 40_000 : 4_000;

    private readonly ConcurrentDictionary<long, int> _tries = new();
    private volatile bool _repaired;
    private int _seed;

    [Fact]
    public async Task Parked_keys_keep_their_order_and_a_retry_while_events_arrive_applies_each_once()
    {
        var (seed, random) = Chance.New();
        _seed = seed;
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, s_events, Aggregates);
        await using (var engine = await StartAsync(database, ErrorPolicy.Park))
        {
            await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
            await AssertParkedAsync(database);
        }

        _repaired = true;
        using var stop = new CancellationTokenSource();
        var arriving = AppendAsync(database, stop.Token);
        // Each owner works off a part of the parked keys, and is stopped in the middle of it.
        for (var owner = 0; owner < 4; owner++)
        {
            await using var engine = await StartAsync(database, ErrorPolicy.Park);
            for (var request = 0; request < 4; request++)
            {
                await RetryAsync(database, engine, "random() < 0.3");
                await Task.Delay(random.Next(60), TestContext.Current.CancellationToken);
            }
        }

        await stop.CancelAsync();
        await arriving;
        await using var last = await StartAsync(database, ErrorPolicy.Park);
        await RetryAsync(database, last, "true");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(60), "every key un-parked");
        await last.CaughtUpAsync(database, TimeSpan.FromSeconds(60));
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_retry_that_is_interrupted_is_finished_by_the_next_owner()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 60, 1);
        var delay = TimeSpan.Zero;
        IProjection Slow() => new LedgerProjection(before: async (@event, _, cancellationToken) =>
        {
            if (@event.GlobalPosition == 1 && !_repaired)
                throw new InvalidOperationException("injected");
            await Task.Delay(delay, cancellationToken);
        });
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            var runner = (await engine.RunAsync(Slow, configure: static options => options.BatchSize = 5))[0];
            await engine.CaughtUpAsync(database);
            Assert.Equal(60L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
            (_repaired, delay) = (true, TimeSpan.FromMilliseconds(10));
            await RetryAsync(database, engine, "true");
            await Eventually.TrueAsync(async () => await database.ScalarAsync<long>("select count(*) from ledger") >= 10, TimeSpan.FromSeconds(20), "a part retried");
        }

        Assert.True(await database.ScalarAsync<long>("select count(*) from projection_dead_letters") > 0, "the retry was not interrupted");
        await using var next = TestEngine.Start(database.ConnectionString);
        await next.RunAsync(Slow, configure: static options => options.BatchSize = 5);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(20), "the retry finished");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task Skipping_leaves_out_the_failing_events_and_no_other()
    {
        (_seed, _) = Chance.New();
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, s_events, Aggregates);
        await using var engine = await StartAsync(database, ErrorPolicy.Skip);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));

        var failing = Enumerable.Range(1, s_events).Select(static position => (long)position).Where(FailsForGood).ToList();
        Assert.Equal(failing, await PositionsAsync(database, "select global_position from projection_dead_letters where status = 'skipped' order by 1"));
        Assert.Equal(failing, await PositionsAsync(database, "select global_position from events except select global_position from ledger order by 1"));
        Assert.Equal(0L, await database.ScalarAsync<long>(
            "select count(*) from (select ord < lag(ord) over (partition by aggregate_id order by aggregate_version) as swapped from ledger) l where swapped"));
    }

    [Fact]
    public async Task Stopping_applies_what_comes_before_the_failing_event_and_goes_on_from_it_after_a_resume()
    {
        (_seed, _) = Chance.New();
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, s_events, Aggregates);
        await using var engine = await StartAsync(database, ErrorPolicy.Stop);
        await Eventually.TrueAsync(
            () => engine.Runners.All(static runner => runner.State == PartitionState.Faulted), TimeSpan.FromSeconds(60), "every partition stopped");
        var applied = await PositionsAsync(database, "select global_position from ledger order by 1");
        Assert.DoesNotContain(applied, FailsForGood);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));

        _repaired = true;
        await new ProjectionStateStore(database.DataSource).ResumeAsync("ledger", TestContext.Current.CancellationToken);
        foreach (var runner in engine.Runners)
            runner.Wake();
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(60));
        await Ledger.AssertExactAsync(database);
    }

    private async Task<TestEngine> StartAsync(TestDatabase database, ErrorPolicy policy)
    {
        var engine = TestEngine.Start(database.ConnectionString, static options =>
        {
            options.ParkedKeysLimit = 10_000;
            options.RetryDelay = TimeSpan.FromMilliseconds(1);
            options.MaxRetryDelay = TimeSpan.FromMilliseconds(5);
        });
        await engine.RunAsync(() => new LedgerProjection(before: FailAsync), 3, options =>
        {
            options.BatchSize = 40;
            options.MaxAttempts = 2;
            options.ErrorPolicy = policy;
        });
        return engine;
    }

    // 2 % fail for good in code, 1 % in the server (with the very error that a lost fence raises), as many once only.
    private ValueTask FailAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var chance = Chance.Of(_seed, @event.GlobalPosition);
        switch (chance)
        {
            case < 0.02 when !_repaired:
                throw new InvalidOperationException("injected: for good");
            case < 0.03 and >= 0.02 when !_repaired:
                transaction.Execute("select 1 / 0");
                break;
            case < 0.05 and >= 0.03 when IsFirstTry(@event):
                throw new NpgsqlException("injected: transient");
            case < 0.07 and >= 0.05 when IsFirstTry(@event):
                transaction.Execute("select 1 / 0");
                break;
            case < 0.08 and >= 0.07 when IsFirstTry(@event):
                transaction.Execute("do $$ begin raise sqlstate '40P01'; end $$");
                break;
        }

        return ValueTask.CompletedTask;
    }

    private bool IsFirstTry(PersistedEvent @event) => _tries.AddOrUpdate(@event.GlobalPosition, 1, static (_, tries) => tries + 1) == 1;

    private bool FailsForGood(long position) => Chance.Of(_seed, position) < 0.03;

    private async Task AssertParkedAsync(TestDatabase database)
    {
        var failed = new List<long>();
        var queued = new List<long>();
        var blocked = new HashSet<long>();
        for (var position = 1L; position <= s_events; position++)
        {
            var aggregate = (position - 1) % Aggregates;
            if (blocked.Contains(aggregate))
                queued.Add(position);
            else if (FailsForGood(position) && blocked.Add(aggregate))
                failed.Add(position);
        }

        Assert.Equal(failed, await PositionsAsync(database, "select global_position from projection_dead_letters where status = 'failed' order by 1"));
        Assert.Equal(queued, await PositionsAsync(database, "select global_position from projection_dead_letters where status = 'queued' order by 1"));
        Assert.Equal(
            s_events - failed.Count - queued.Count,
            await database.ScalarAsync<long>("select count(*) from ledger l where not exists (select from projection_dead_letters d where d.global_position = l.global_position)"));
    }

    private static async Task RetryAsync(TestDatabase database, TestEngine engine, string which)
    {
        await database.ExecuteAsync($"update projection_dead_letters set requested = 'retry' where status = 'failed' and {which}");
        foreach (var runner in engine.Runners)
            runner.Wake();
    }

    private static async Task AppendAsync(TestDatabase database, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await EventLog.AppendAsync(database, Aggregates, Aggregates);
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private static async Task<List<long>> PositionsAsync(TestDatabase database, string sql)
    {
        var positions = new List<long>();
        await using var command = database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            positions.Add(reader.GetInt64(0));
        return positions;
    }
}
