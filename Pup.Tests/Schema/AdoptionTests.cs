using Pup.Client.Events;
using Pup.Grains.Schema;
using Pup.Tests.Support;

namespace Pup.Tests.Schema;

public sealed class AdoptionTests(PostgresServer server)
{
    private static readonly string[] s_log = ["events", "aggregate_heads"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_adopted_log_is_the_same_table_afterwards_to_the_last_index_and_row()
    {
        await using var database = await GoDatabase.CreateAsync(server, Token);
        await GoDatabase.FillAsync(database, 40, Token);
        var catalogue = await Catalogue.OfAsync(database, s_log);
        var identity = await IdentityAsync(database);
        var rows = await RowsAsync(database);

        Assert.Equal(Migration.All.Select(migration => migration.Name), await new SchemaMigrator(database.DataSource).MigrateAsync(Token));

        Assert.Contains("index CREATE INDEX idx_events_aggregate", catalogue, StringComparison.Ordinal);
        Assert.Equal(catalogue, await Catalogue.OfAsync(database, s_log));
        Assert.Equal(identity, await IdentityAsync(database));
        Assert.Equal(rows, await RowsAsync(database));
        Assert.Empty(await new SchemaMigrator(database.DataSource).VerifyAsync(Token));
    }

    [Fact]
    public async Task An_adopted_log_without_one_of_pupsourcings_indexes_is_given_none()
    {
        await using var database = await GoDatabase.CreateAsync(server, Token);
        await database.ExecuteAsync("drop index idx_events_event_type; drop index idx_events_correlation; drop table projection_checkpoints");
        var catalogue = await Catalogue.OfAsync(database, s_log);

        await new SchemaMigrator(database.DataSource).MigrateAsync(Token);

        Assert.Equal(catalogue, await Catalogue.OfAsync(database, s_log));
        Assert.True(await database.ScalarAsync<bool>("select to_regclass('projection_checkpoints') is not null"));
    }

    [Fact]
    public async Task The_printed_script_adopts_as_carefully()
    {
        await using var database = await GoDatabase.CreateAsync(server, Token);
        var catalogue = await Catalogue.OfAsync(database, s_log);

        await database.ExecuteAsync(SchemaMigrator.Script());

        Assert.Equal(catalogue, await Catalogue.OfAsync(database, s_log));
        Assert.Empty(await new SchemaMigrator(database.DataSource).VerifyAsync(Token));
    }

    [Fact]
    public async Task Checkpoints_keep_their_positions_and_Go_statements_work_on()
    {
        await using var database = await GoDatabase.CreateAsync(server, Token);
        await GoDatabase.FillAsync(database, 40, Token);
        var positions = await CheckpointsAsync(database);

        await new SchemaMigrator(database.DataSource).MigrateAsync(Token);

        Assert.Equal(positions, await CheckpointsAsync(database));
        Assert.Equal(4, await database.ScalarAsync<long>("select count(*) from projection_checkpoints where epoch = 0 and applied is null"));
        Assert.True(await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", "order-0", 2, Token));
        await GoWriter.UpdateCheckpointAsync(database.DataSource, "x_p0", 60, Token);
        await GoWriter.UpdateCheckpointAsync(database.DataSource, "y", 7, Token);
        Assert.StartsWith("x_p0=60 ", await CheckpointsAsync(database), StringComparison.Ordinal);
        Assert.EndsWith(" y=7", await CheckpointsAsync(database), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pups_own_event_store_appends_to_an_adopted_log()
    {
        await using var database = await GoDatabase.CreateAsync(server, Token);
        await GoDatabase.FillAsync(database, 3, Token);
        await new SchemaMigrator(database.DataSource).MigrateAsync(Token);
        var store = new EventStore(database.DataSource);
        var known = new Event { EventType = "Continued", Payload = "{}"u8.ToArray() };

        var result = await store.AppendAsync("Sales", "Order", "order-2", ExpectedVersion.Exact(3), [known], Token);

        Assert.Equal(4, result.LastVersion);
        await Assert.ThrowsAsync<OptimisticConcurrencyException>(
            () => store.AppendAsync("Sales", "Order", "order-2", ExpectedVersion.Exact(3), [known with { EventId = Guid.NewGuid() }], Token));
        await Assert.ThrowsAsync<DuplicateEventException>(() => store.AppendAsync("Sales", "Order", "order-9", ExpectedVersion.Any, [known], Token));
        Assert.True(await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", "order-2", 1, Token));
    }

    [Fact]
    public async Task A_Go_writer_with_an_open_transaction_does_not_hold_the_migration_up()
    {
        await using var database = await GoDatabase.CreateAsync(server, Token);
        await using var connection = await database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        var event1 = new Event { EventType = "Open", Payload = "{}"u8.ToArray() };
        await new EventStore(database.DataSource).AppendAsync("Sales", "Order", "order-1", ExpectedVersion.Any, [event1], transaction, Token);

        // The lock timeout of a migration is 10 s: it would throw.
        await new SchemaMigrator(database.DataSource).MigrateAsync(Token);

        await transaction.CommitAsync(Token);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from events"));
    }

    // Not rewritten, not replaced: same object ids and the same storage.
    private static Task<string> IdentityAsync(TestDatabase database) => database.ScalarAsync<string>("""
        select string_agg(format('%s %s %s', oid, relfilenode, relname), ' ' order by oid) from pg_class
        where relname in ('events', 'aggregate_heads', 'events_global_position_seq')
           or oid in (select indexrelid from pg_index where indrelid in ('events'::regclass, 'aggregate_heads'::regclass))
        """);

    private static Task<string> RowsAsync(TestDatabase database) => database.ScalarAsync<string>("""
        select (select md5(string_agg(events::text, '' order by global_position)) from events)
            || (select md5(string_agg(aggregate_heads::text, '' order by aggregate_id)) from aggregate_heads)
            || (select last_value::text from events_global_position_seq)
        """);

    private static Task<string> CheckpointsAsync(TestDatabase database) => database.ScalarAsync<string>("""
        select string_agg(projection_name || '=' || last_global_position, ' ' order by projection_name) from projection_checkpoints
        """);
}
