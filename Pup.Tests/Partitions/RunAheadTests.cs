using System.Collections.Concurrent;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Partitions;

public sealed class RunAheadTests(PostgresServer server)
{
    private const int Batch = 20;
    private const string Waiting = "datname = current_database() and wait_event_type = 'Lock'";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<long> _handled = new();

    [Fact]
    public async Task Handlers_of_the_next_batch_run_while_a_batch_commits_and_those_after_it_do_not()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new LedgerProjection(before: NoteAsync), configure: options => options.BatchSize = Batch);

        await using (await BlockAsync(database, "ledger"))
        {
            await EventLog.AppendAsync(database, 3 * Batch, 7);
            await Eventually.TrueAsync(() => _handled.Count == 2 * Batch, _patience, "two batches handled, none committed");
        }

        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
        // Each event once: what ran ahead was used.
        Assert.Equal(Enumerable.Range(1, 3 * Batch).Select(position => (long)position), _handled);
    }

    [Fact]
    public async Task Handlers_of_a_batch_that_is_read_only_while_the_one_before_it_commits_run_too()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new LedgerProjection(before: NoteAsync));

        await using (await BlockAsync(database, "ledger"))
        {
            await EventLog.AppendAsync(database, 1, 7);
            await Eventually.TrueAsync(
                () => database.ScalarAsync<bool>($"select exists (select from pg_stat_activity where {Waiting})"), _patience, "a batch that waits for the table");
            await EventLog.AppendAsync(database, 1, 7);
            await Eventually.TrueAsync(() => _handled.Count == 2, _patience, "both batches handled, none committed");
        }

        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
        Assert.Equal([1, 2], _handled);
    }

    [Fact]
    public async Task What_ran_ahead_of_a_batch_that_is_lost_is_thrown_away()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table tally (n bigint); insert into tally values (0)");
        await using var engine = TestEngine.Start(database.ConnectionString);
        var calls = 0;
        await engine.RunAsync(() => new TallyProjection(() => Interlocked.Increment(ref calls)), configure: options => options.BatchSize = Batch);

        await using (await BlockAsync(database, "tally"))
        {
            await EventLog.AppendAsync(database, 2 * Batch, 7);
            await Eventually.TrueAsync(() => Volatile.Read(ref calls) == 2 * Batch, _patience, "two batches handled, none committed");
            await TerminateBlockedAsync(database);
            await Eventually.TrueAsync(() => Volatile.Read(ref calls) == 4 * Batch, _patience, "both batches handled again");
        }

        await engine.CaughtUpAsync(database);
        Assert.Equal(2L * Batch, await database.ScalarAsync<long>("select n from tally"));
    }

    [Fact]
    public async Task Documents_that_were_folded_ahead_of_a_lost_batch_are_forgotten()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await engine.RunAsync(() => new FoldDocuments(), configure: options => options.BatchSize = Batch);
        // So that the next batches find all their documents remembered, and need no database to be folded.
        await EventLog.AppendAsync(database, Batch, 7);
        await engine.CaughtUpAsync(database);

        await using (await BlockAsync(database, "docs_documents"))
        {
            await EventLog.AppendAsync(database, 3 * Batch, 7);
            await TerminateBlockedAsync(database);
        }

        await engine.CaughtUpAsync(database);
        await SerialFold.AssertDocumentsAsync(database);
    }

    [Fact]
    public async Task A_live_handler_that_waits_for_its_turn_without_a_token_is_let_go_when_the_batch_before_it_is_lost()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.HandlerGrace = TimeSpan.FromMinutes(5));
        await engine.RunAsync(() => new LedgerProjection(before: OpenAsync), configure: options => options.BatchSize = Batch);

        await using (await BlockAsync(database, "ledger"))
        {
            await EventLog.AppendAsync(database, 2 * Batch, 7);
            await Eventually.TrueAsync(() => _handled.Contains(Batch + 1), _patience, "the second batch begun");
            await TerminateBlockedAsync(database);
        }

        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);

        async ValueTask OpenAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
        {
            _handled.Enqueue(@event.GlobalPosition);
            if (@event.GlobalPosition == Batch + 1)
                await transaction.OpenAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_live_handler_that_runs_ahead_sees_what_the_batch_before_it_wrote()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var seen = new ConcurrentQueue<long>();
        await engine.RunAsync(() => new LedgerProjection(before: CountAsync), configure: options => options.BatchSize = Batch);

        await using (await BlockAsync(database, "ledger"))
        {
            await EventLog.AppendAsync(database, 2 * Batch, 7);
            await Eventually.TrueAsync(() => _handled.Contains(Batch + 1), _patience, "the second batch begun");
            // It asks for nothing yet: neither a connection of the budget nor a lock.
            Assert.InRange(await database.ScalarAsync<long>($"select count(*) from pg_stat_activity where {Waiting}"), 0, 1);
        }

        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
        Assert.Equal([Batch], seen);

        async ValueTask CountAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
        {
            _handled.Enqueue(@event.GlobalPosition);
            if (@event.GlobalPosition != Batch + 1)
                return;
            var live = await transaction.OpenAsync(cancellationToken);
            await using var count = new NpgsqlCommand("select count(*) from ledger", live.Connection, live);
            seen.Enqueue((long)(await count.ExecuteScalarAsync(cancellationToken))!);
        }
    }

    private ValueTask NoteAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        _handled.Enqueue(@event.GlobalPosition);
        return ValueTask.CompletedTask;
    }

    // Readers may read, writers wait: a batch gets as far as its first statement.
    private static async Task<NpgsqlConnection> BlockAsync(TestDatabase database, string table)
    {
        var connection = await database.DataSource.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"begin; lock table {table} in share mode", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static Task TerminateBlockedAsync(TestDatabase database) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<bool>(
            $"select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity where {Waiting}"),
        _patience,
        "a batch that waits for the table");
}
