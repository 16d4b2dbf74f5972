using Pup.Client.Events;
using Pup.Grains;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Failures;

public sealed class ErrorPolicyTests(PostgresServer server)
{
    private volatile bool _broken = true;

    [Fact]
    public async Task A_poison_event_parks_its_key_and_a_retry_applies_it_and_what_queued_behind_it_in_order()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 300, 10);
        await EventLog.AppendOneAsync(database, "a3", "poison");
        await EventLog.AppendAsync(database, 300, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(PoisonedLedger, configure: options => options.BatchSize = 50))[0];
        await engine.CaughtUpAsync(database);

        Assert.Equal(1L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where status = 'failed' and ordering_key = 'a3'"));
        Assert.Equal(30L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters where status = 'queued' and ordering_key = 'a3'"));
        Assert.Equal(601L - 31, await database.ScalarAsync<long>("select count(*) from ledger"));
        Assert.Equal(1, runner.Journal.ParkedKeys);

        _broken = false;
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry' where status = 'failed'");
        runner.Wake();
        await EventLog.AppendAsync(database, 100, 10);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(10), "no dead letters left");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_dead_letter_is_written_by_the_transaction_that_moves_the_checkpoint_past_its_event()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        await EventLog.AppendOneAsync(database, "a", "poison");
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(PoisonedLedger);
        await engine.CaughtUpAsync(database);

        Assert.True(await database.ScalarAsync<bool>("select d.xmin = c.xmin from projection_dead_letters d, projection_checkpoints c where c.last_global_position = 2"));
    }

    [Fact]
    public async Task A_retried_event_is_applied_by_the_transaction_that_takes_its_dead_letter_away()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a", "poison");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(PoisonedLedger))[0];
        await engine.CaughtUpAsync(database);
        _broken = false;
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry', status = 'skipped'");
        await using var reader = await Log.BeginAsync(database, "reader");
        await reader.ExecuteAsync("select 1 from projection_dead_letters for update");

        runner.Wake();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where $1 = any (pg_blocking_pids(pid))", reader.ProcessID) > 0,
            TimeSpan.FromSeconds(10),
            "the dead letter is being taken away");
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from ledger"));
        await reader.ExecuteAsync("commit");

        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(10), "no dead letters left");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_new_owner_knows_the_parked_keys_and_queues_what_comes_for_them()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a", "poison");
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            await engine.RunAsync(PoisonedLedger);
            await engine.CaughtUpAsync(database);
        }

        await EventLog.AppendOneAsync(database, "a");
        await EventLog.AppendOneAsync(database, "b");
        await using var next = TestEngine.Start(database.ConnectionString);
        await next.RunAsync(PoisonedLedger);
        await next.CaughtUpAsync(database);

        Assert.Equal(
            "1 failed, 2 queued", await database.ScalarAsync<string>("select string_agg(global_position || ' ' || status, ', ' order by global_position) from projection_dead_letters"));
        Assert.Equal("b", await database.ScalarAsync<string>("select string_agg(aggregate_id, ', ') from ledger"));
    }

    [Fact]
    public async Task A_retry_that_fails_again_keeps_the_key_parked_and_a_discard_lets_the_rest_go_on()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a", "poison");
        await EventLog.AppendOneAsync(database, "a");
        await EventLog.AppendOneAsync(database, "b");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(PoisonedLedger))[0];
        await engine.CaughtUpAsync(database);

        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry' where status = 'failed'");
        runner.Wake();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters where attempts = 4 and requested is null") == 1,
            TimeSpan.FromSeconds(10),
            "a fourth attempt");
        await EventLog.AppendOneAsync(database, "a");
        await engine.CaughtUpAsync(database);
        Assert.Equal(
            "1 failed, 2 queued, 4 queued",
            await database.ScalarAsync<string>("select string_agg(global_position || ' ' || status, ', ' order by global_position) from projection_dead_letters"));
        await database.ExecuteAsync("update projection_dead_letters set requested = 'discard' where status = 'failed'");
        runner.Wake();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(10), "no dead letters left");

        Assert.Equal("3, 2, 4", await database.ScalarAsync<string>("select string_agg(global_position::text, ', ' order by ord) from ledger"));
    }

    [Fact]
    public async Task Skipping_passes_over_the_event_alone()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        await EventLog.AppendOneAsync(database, "a", "poison");
        await EventLog.AppendOneAsync(database, "a");
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(PoisonedLedger, configure: options => options.ErrorPolicy = ErrorPolicy.Skip);
        await engine.CaughtUpAsync(database);

        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from ledger"));
        Assert.Equal("skipped", await database.ScalarAsync<string>("select status from projection_dead_letters"));
    }

    [Fact]
    public async Task Stopping_halts_the_partition_and_says_why_until_it_is_resumed()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        await EventLog.AppendOneAsync(database, "a", "poison");
        await EventLog.AppendOneAsync(database, "a");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(PoisonedLedger, configure: options => options.ErrorPolicy = ErrorPolicy.Stop))[0];

        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, TimeSpan.FromSeconds(10), "faulted");
        Assert.Contains("stopped at position 2", runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.Contains("pup resume ledger", runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.Equal(1L, await database.ScalarAsync<long>("select count(*) from ledger"));

        _broken = false;
        await database.ExecuteAsync("update projection_partitions set fault = null");
        runner.Wake();
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_broken_deployment_stops_at_the_cap_instead_of_parking_the_whole_log()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        for (var i = 0; i < 20; i++)
            await EventLog.AppendOneAsync(database, $"a{i}", "poison");
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.ParkedKeysLimit = 5);
        var runner = (await engine.RunAsync(PoisonedLedger))[0];

        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, TimeSpan.FromSeconds(10), "faulted");
        Assert.Equal(5L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));

        _broken = false;
        await database.ExecuteAsync("update projection_partitions set fault = null");
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry' where status = 'failed'");
        runner.Wake();
        await engine.CaughtUpAsync(database);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, TimeSpan.FromSeconds(10), "no dead letters left");
        await Ledger.AssertExactAsync(database);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handler_that_commits_its_live_transaction_is_faulted_and_never_retried(bool inSql)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        var calls = 0;
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => new LedgerProjection(before: async (_, transaction, cancellationToken) =>
        {
            calls++;
            var live = await transaction.OpenAsync(cancellationToken);
            if (inSql)
            {
                // Npgsql does not see it: the connection is in a transaction before and after.
                await live.Connection!.ExecuteAsync("commit and chain");
            }
            else
            {
                await live.CommitAsync(cancellationToken);
            }
        })))[0];

        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, TimeSpan.FromSeconds(10), "faulted");
        Assert.Equal(1, calls);
        Assert.Contains("ended the batch's transaction", runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.Equal(0L, await database.ScalarAsync<long>("select last_global_position from projection_checkpoints"));
    }

    [Fact]
    public async Task A_handler_that_ignores_its_token_is_given_up_and_the_partition_faulted()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        using var release = new ManualResetEventSlim();
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.HandlerGrace = TimeSpan.FromMilliseconds(100));
        var runner = (await engine.RunAsync(
            () => new LedgerProjection(before: (_, _, _) =>
            {
                release.Wait(CancellationToken.None);
                return ValueTask.CompletedTask;
            }),
            configure: options => options.HandlerTimeout = TimeSpan.FromMilliseconds(100)))[0];

        await Eventually.TrueAsync(() => runner.State == PartitionState.Faulted, TimeSpan.FromSeconds(10), "faulted");
        Assert.Contains("ignores its CancellationToken", runner.Journal.Trouble, StringComparison.Ordinal);
        release.Set();
    }

    [Fact]
    public async Task An_event_during_which_processes_keep_dying_ends_parked()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a");
        await EventLog.AppendOneAsync(database, "b");
        await EventLog.AppendOneAsync(database, "c");
        await using (var engine = TestEngine.Start(database.ConnectionString))
        {
            var runner = (await engine.RunAsync(() => new LedgerProjection(before: static (_, _, cancellationToken) => new ValueTask(Task.Delay(-1, cancellationToken)))))[0];
            await Eventually.TrueAsync(() => runner.State == PartitionState.Running, TimeSpan.FromSeconds(10), "running");
        }

        // As if processes had died over event b, first in a batch and then alone.
        await database.ExecuteAsync("update projection_partitions set takeovers = 7, suspect_position = 2, suspect_attempts = 4");
        await using var next = TestEngine.Start(database.ConnectionString);
        await next.RunAsync(() => new LedgerProjection());
        await next.CaughtUpAsync(database);

        Assert.Equal("b", await database.ScalarAsync<string>("select ordering_key from projection_dead_letters where status = 'failed'"));
        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    private IProjection PoisonedLedger() => new LedgerProjection(before: Check);

    private ValueTask Check(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _broken && @event.Payload.Span.SequenceEqual("poison"u8)
            ? throw new InvalidOperationException("This event is poison.")
            : ValueTask.CompletedTask;
}
