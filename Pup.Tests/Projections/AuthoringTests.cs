using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Projections;

/// <summary>What authors may do in a handler, and what becomes of it when they should not have.</summary>
public sealed class AuthoringTests(PostgresServer server)
{
    private delegate ValueTask Handler(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken);

    [Fact]
    public async Task What_Dapper_wrote_on_the_live_connection_is_rolled_back_with_its_batch()
    {
        await using var run = await RunAsync(async (e, transaction, token) =>
        {
            var live = await transaction.OpenAsync(token);
            // It sees what was queued for the events before, and writes on the same transaction.
            var seen = await live.Connection!.ExecuteScalarAsync<long>("select count(*) from ledger where aggregate_id = @Id", new { Id = e.AggregateId }, live);
            Assert.Equal(e.AggregateVersion - 1, seen);
            await live.Connection!.ExecuteAsync("insert into notes values (@Id, @Note)", new { Id = e.AggregateId, Note = e.EventType }, live);
            ThrowIfBad(e);
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
    }

    [Fact]
    public async Task What_EF_Core_saved_on_the_live_connection_is_rolled_back_with_its_batch()
    {
        await using var run = await RunAsync(async (e, transaction, token) =>
        {
            var live = await transaction.OpenAsync(token);
            await using var context = new NoteContext(new DbContextOptionsBuilder<NoteContext>().UseNpgsql(live.Connection!).Options);
            await context.Database.UseTransactionAsync(live, token);
            context.Add(new Note { Aggregate = e.AggregateId, Text = e.EventType });
            await context.SaveChangesAsync(token);
            ThrowIfBad(e);
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
    }

    [Fact]
    public async Task A_handler_that_breaks_its_transaction_and_goes_on_fails_for_the_event_that_did_it()
    {
        await using var run = await RunAsync(async (e, transaction, token) =>
        {
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, e.EventType);
            if (e.EventType != "Bad")
                return;
            var live = await transaction.OpenAsync(token);
            await Assert.ThrowsAsync<PostgresException>(() => live.Connection!.ExecuteAsync("select 1 / 0", transaction: live));
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
    }

    [Fact]
    public async Task A_queued_statement_that_fails_is_laid_at_its_event()
    {
        await using var run = await RunAsync((e, transaction, _) =>
        {
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, e.EventType);
            if (e.EventType == "Bad")
                transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, null);
            return ValueTask.CompletedTask;
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
        Assert.Contains("null value", await run.ErrorAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("; commit")]
    [InlineData("/* x */ commit")]
    [InlineData("/* a /* nested */ b */ -- c\n Commit work")]
    [InlineData("END")]
    [InlineData("ROLLBACK")]
    [InlineData("abort")]
    [InlineData("begin")]
    [InlineData("start transaction")]
    [InlineData("prepare transaction 'x'")]
    [InlineData("rollback and chain")]
    public async Task Transaction_control_is_refused_when_it_is_queued(string sql)
    {
        await using var run = await RunAsync((e, transaction, _) =>
        {
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, e.EventType);
            if (e.EventType == "Bad")
                transaction.Execute(sql);
            return ValueTask.CompletedTask;
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
        Assert.Contains("controls the transaction", await run.ErrorAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select 1; commit")]
    [InlineData("insert into notes values ('x', 'y'); commit; select 1")]
    public async Task Several_statements_in_one_are_refused_by_the_server(string sql)
    {
        await using var run = await RunAsync((e, transaction, _) =>
        {
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, e.EventType);
            if (e.EventType == "Bad")
                transaction.Execute(sql);
            return ValueTask.CompletedTask;
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("; commit")]
    [InlineData("END")]
    [InlineData("ROLLBACK")]
    [InlineData("rollback; begin")]
    [InlineData("commit and chain")]
    [InlineData(null)]
    public async Task A_handler_that_ends_its_live_transaction_stops_its_partition_and_nothing_is_skipped(string? sql)
    {
        await using var run = await StartAsync(async (e, transaction, token) =>
        {
            if (e.EventType != "Bad")
                return;
            var live = await transaction.OpenAsync(token);
            if (sql is null)
                await live.CommitAsync(token);
            else
                await ExecuteAsync(live, sql, token);
        });

        await Eventually.TrueAsync(() => run.Runner.State == PartitionState.Faulted, TimeSpan.FromSeconds(20), "the partition is faulted");

        Assert.Contains("ended the batch's transaction itself", run.Runner.Journal.Trouble, StringComparison.Ordinal);
        Assert.Equal(0, await run.Database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        var checkpoint = await run.Database.ScalarAsync<long>("select last_global_position from projection_checkpoints");
        Assert.True(checkpoint < await run.Database.ScalarAsync<long>("select global_position from events where event_type = 'Bad'"));
    }

    [Fact]
    public async Task Savepoints_undo_a_part_and_the_rest_commits()
    {
        await using var run = await RunAsync(async (e, transaction, token) =>
        {
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, e.EventType);
            transaction.Execute("savepoint a");
            transaction.Execute("insert into notes values ($1, 'undone')", e.AggregateId);
            transaction.Execute("/* only this */ rollback to savepoint a");
            transaction.Execute("release savepoint a");
            if (e.AggregateVersion % 2 == 0)
            {
                var live = await transaction.OpenAsync(token);
                await live.SaveAsync("b", token);
                await Assert.ThrowsAsync<PostgresException>(() => live.Connection!.ExecuteAsync("select 1 / 0", transaction: live));
                await live.RollbackAsync("b", token);
            }

            ThrowIfBad(e);
        });

        await run.AssertOnlyTheBadOneIsMissingAsync();
    }

    [Fact]
    public async Task A_transaction_that_is_kept_beyond_its_batch_is_of_no_use()
    {
        ProjectionTransaction? kept = null;
        await using var run = await RunAsync((e, transaction, _) =>
        {
            kept = transaction;
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, e.EventType);
            ThrowIfBad(e);
            return ValueTask.CompletedTask;
        });

        Assert.Throws<InvalidOperationException>(() => kept!.Execute("select 1"));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await kept!.OpenAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Payloads_reach_the_handler_as_they_are_and_those_it_cannot_read_are_dead_letters()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table notes (aggregate text not null, note text not null, id bigint generated always as identity)");
        var large = JsonSerializer.SerializeToUtf8Bytes(new { text = new string('x', 10 << 20) });
        await EventLog.AppendOneAsync(database, "fine", """{"text": "ü"}""");
        await EventLog.AppendOneAsync(database, "not-utf8", [0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]);
        await EventLog.AppendOneAsync(database, "not-json", "{\"text\": ");
        await EventLog.AppendOneAsync(database, "empty", []);
        await EventLog.AppendOneAsync(database, "large", large);
        await EventLog.AppendOneAsync(database, "not-json", """{"text": "behind"}""");
        await EventLog.AppendOneAsync(database, "last", """{"text": "last"}""");
        await using var engine = TestEngine.Start(database.ConnectionString);

        await engine.RunAsync(() => new LedgerProjection(before: (e, transaction, _) =>
        {
            using var json = JsonDocument.Parse(e.Payload);
            transaction.Execute("insert into notes values ($1, $2)", e.AggregateId, json.RootElement.GetProperty("text").GetString());
            return ValueTask.CompletedTask;
        }));
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(60));

        Assert.Equal("fine 1, large 10485760, last 4", await database.ScalarAsync<string>("select string_agg(aggregate || ' ' || length(note), ', ' order by aggregate) from notes"));
        Assert.Equal(
            "empty failed, not-json failed, not-json queued, not-utf8 failed",
            await database.ScalarAsync<string>("select string_agg(ordering_key || ' ' || status, ', ' order by ordering_key, status) from projection_dead_letters"));
    }

    // Not Dapper: it takes a statement of one word for the name of a procedure.
    private static async Task ExecuteAsync(NpgsqlTransaction transaction, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void ThrowIfBad(PersistedEvent @event)
    {
        if (@event.EventType == "Bad")
            throw new InvalidOperationException("This event fails.");
    }

    private async Task<AuthoringRun> RunAsync(Handler handler)
    {
        var run = await StartAsync(handler);
        await run.Engine.CaughtUpAsync(run.Database);
        return run;
    }

    private async Task<AuthoringRun> StartAsync(Handler handler)
    {
        var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table notes (aggregate text not null, note text not null, id bigint generated always as identity)");
        await EventLog.AppendAsync(database, 20, 4);
        await EventLog.AppendOneAsync(database, "bad", Encoding.UTF8.GetBytes("{}"), "Bad");
        await EventLog.AppendAsync(database, 20, 4, "c");
        var engine = TestEngine.Start(database.ConnectionString, options => options.MaxAttempts = 2);
        var runners = await engine.RunAsync(() => new LedgerProjection(before: (e, transaction, token) => handler(e, transaction, token)));
        return new AuthoringRun(database, engine, runners[0]);
    }
}
