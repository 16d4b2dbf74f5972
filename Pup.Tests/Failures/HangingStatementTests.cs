using Npgsql;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Failures;

public sealed class HangingStatementTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private volatile bool _hangs = true;

    [Fact]
    public async Task A_queued_statement_that_hangs_is_its_events_failure_and_all_others_are_applied()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => LedgerWith(55, "select pg_sleep(1e6)"), configure: Impatient);
        await engine.CaughtUpAsync(database, s_patience);

        Assert.Equal(55L, await database.ScalarAsync<long>("select sum(global_position)::bigint from projection_dead_letters where status = 'failed'"));
        Assert.Equal(95L, await database.ScalarAsync<long>("select count(*) from ledger"));
        Assert.Contains("took too long", await database.ScalarAsync<string>("select error from projection_dead_letters where status = 'failed'"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_a_locked_row_of_the_read_model_is_bounded_too()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 20);
        await using var locked = await LockARowAsync(database);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => LedgerWith(7, "update totals set n = n + 1"), configure: Impatient);
        await engine.CaughtUpAsync(database, s_patience);

        Assert.Equal(7L, await database.ScalarAsync<long>("select sum(global_position)::bigint from projection_dead_letters"));
        Assert.Equal(19L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    [Fact]
    public async Task A_limit_of_the_servers_own_on_statements_counts_the_same()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 20);
        await database.ExecuteAsync($"alter database {database.Name} set statement_timeout = '300ms'");
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => LedgerWith(7, "select pg_sleep(1e6)"), configure: static options => options.MaxAttempts = 2);
        await engine.CaughtUpAsync(database, s_patience);

        Assert.Equal(7L, await database.ScalarAsync<long>("select sum(global_position)::bigint from projection_dead_letters"));
    }

    [Fact]
    public async Task A_lock_wait_that_lock_timeout_ends_is_waited_out_and_parks_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        PartitionRunner runner;
        await using (await LockARowAsync(database))
        {
            runner = (await engine.RunAsync(() => LedgerWith(7, "set local lock_timeout = '20ms'", "update totals set n = n + 1"), configure: Impatient))[0];
            // More often than an event may fail.
            await Eventually.TrueAsync(() => runner.Journal.Trouble?.Contains("55P03", StringComparison.Ordinal) == true, s_patience, "some trouble");
            await Eventually.TrueAsync(() => runner.Epoch >= 2, s_patience, "ownership taken anew after several attempts");
        }

        await engine.CaughtUpAsync(database, s_patience);
        await Ledger.AssertExactAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    [Fact]
    public async Task A_fence_that_waits_for_its_row_is_no_events_failure()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(static () => new LedgerProjection(), configure: static options =>
        {
            Impatient(options);
            options.MaxAttempts = 1;
            options.ErrorPolicy = ErrorPolicy.Stop;
        }))[0];
        await Eventually.TrueAsync(() => runner.State == PartitionState.Running, s_patience, "running");
        await using (var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var lockRow = new NpgsqlCommand("select 1 from projection_checkpoints for update", connection);
            await lockRow.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await EventLog.AppendAsync(database, 1, 1);
            // Twice in vain: together with the event's statements, and alone.
            await WaitsForTheRowAsync(database, waiting: true);
            await WaitsForTheRowAsync(database, waiting: false);
            await WaitsForTheRowAsync(database, waiting: true);
            await WaitsForTheRowAsync(database, waiting: false);
            await WaitsForTheRowAsync(database, waiting: true);
        }

        await engine.CaughtUpAsync(database, s_patience);
        await Ledger.AssertExactAsync(database);
        Assert.Equal((PartitionState.Running, 0L), (runner.State, runner.Journal.Failures));
    }

    [Fact]
    public async Task A_retry_whose_statement_hangs_fails_again_and_holds_up_nothing_else()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 10);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var runner = (await engine.RunAsync(() => LedgerWith(7, "select pg_sleep(1e6)"), configure: Impatient))[0];
        await engine.CaughtUpAsync(database, s_patience);

        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry'");
        runner.Wake();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters where attempts = 3 and requested is null") == 1, s_patience, "failed again");
        await EventLog.AppendAsync(database, 10, 10, prefix: "b");
        await engine.CaughtUpAsync(database, s_patience);
        Assert.Equal(19L, await database.ScalarAsync<long>("select count(*) from ledger"));

        _hangs = false;
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry'");
        runner.Wake();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, s_patience, "no dead letters left");
        Assert.Equal(20L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    private static void Impatient(ProjectionOptions options)
    {
        options.MaxAttempts = 2;
        options.HandlerTimeout = TimeSpan.FromSeconds(1);
    }

    private static async Task<NpgsqlConnection> LockARowAsync(TestDatabase database)
    {
        await database.ExecuteAsync("create table totals (n int)");
        await database.ExecuteAsync("insert into totals values (0)");
        var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("begin; select n from totals for update", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static Task WaitsForTheRowAsync(TestDatabase database, bool waiting) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<bool>(
            "select exists (select from pg_stat_activity where application_name = 'pup' and datname = current_database() and wait_event_type = 'Lock')") == waiting,
        s_patience,
        $"a session that waits for the row: {waiting}");

    private LedgerProjection LedgerWith(long position, params string[] statements) => new(before: (PersistedEvent @event, ProjectionTransaction transaction, CancellationToken _) =>
    {
        foreach (var statement in @event.GlobalPosition == position && _hangs ? statements : [])
            transaction.Execute(statement);
        return ValueTask.CompletedTask;
    });
}
