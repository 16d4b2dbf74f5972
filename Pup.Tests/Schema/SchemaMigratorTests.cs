using Npgsql;
using Pup.Grains.Schema;
using Pup.Tests.Support;

namespace Pup.Tests.Schema;

public sealed class SchemaMigratorTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_empty_database_gets_every_migration_once()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var migrator = new SchemaMigrator(database.DataSource);

        var first = await migrator.MigrateAsync(Token);
        var second = await migrator.MigrateAsync(Token);

        Assert.Equal(Migration.All.Select(migration => migration.Name), first);
        Assert.Empty(second);
        Assert.Empty(await migrator.VerifyAsync(Token));
        Assert.True(await database.ScalarAsync<bool>("select to_regclass('projection_dead_letters') is not null"));
    }

    [Fact]
    public async Task Many_processes_that_start_at_once_migrate_once()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);

        var applied = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => new SchemaMigrator(database.DataSource).MigrateAsync(Token)));

        Assert.Single(applied, names => names.Count > 0);
        Assert.Equal(Migration.All.Count, await database.ScalarAsync<long>("select count(*) from projection_migrations"));
    }

    [Fact]
    public async Task The_lock_wait_sees_what_the_other_process_committed_also_under_a_stricter_default_isolation()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await database.ExecuteAsync($"alter database {database.Name} set default_transaction_isolation = 'serializable'");

        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => new SchemaMigrator(database.DataSource).MigrateAsync(Token)));

        Assert.Single(applied, names => names.Count > 0);
    }

    [Fact]
    public async Task The_printed_script_makes_the_same_schema_and_may_be_run_again()
    {
        await using var scripted = await TestDatabase.CreateAsync(server, migrate: false);
        await using var migrated = await TestDatabase.CreateAsync(server);

        await scripted.ExecuteAsync(SchemaMigrator.Script());
        await scripted.ExecuteAsync(SchemaMigrator.Script());

        Assert.Equal(await Catalogue.OfAsync(migrated), await Catalogue.OfAsync(scripted));
        Assert.Empty(await new SchemaMigrator(scripted.DataSource).MigrateAsync(Token));
    }

    [Fact]
    public async Task Everything_lands_in_the_schema_of_the_search_path()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await database.ExecuteAsync("create schema pup");
        await using var dataSource = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=pup");

        await new SchemaMigrator(dataSource).MigrateAsync(Token);

        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pg_class where relnamespace = 'public'::regnamespace"));
        Assert.True(await database.ScalarAsync<bool>("select to_regclass('pup.events') is not null"));
    }

    [Fact]
    public async Task A_search_path_without_a_schema_is_said_in_words()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var dataSource = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=nowhere");
        var migrator = new SchemaMigrator(dataSource);

        var error = await Assert.ThrowsAsync<SchemaException>(() => migrator.MigrateAsync(Token));

        Assert.Contains("Create the schema", error.Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", Assert.Single(await migrator.VerifyAsync(Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_changes_nothing_and_says_to_run_pup_migrate()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);

        var line = Assert.Single(await new SchemaMigrator(database.DataSource).VerifyAsync(Token));

        Assert.Contains("run `pup migrate`", line, StringComparison.Ordinal);
        Assert.Contains(database.Name, line, StringComparison.Ordinal);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pg_class where relnamespace = 'public'::regnamespace"));
    }

    [Fact]
    public async Task Verify_names_the_migration_that_is_missing()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("delete from projection_migrations where version = 2");

        var line = Assert.Single(await new SchemaMigrator(database.DataSource).VerifyAsync(Token));

        Assert.Equal("The schema lacks 0002_projections: run `pup migrate`.", line);
    }

    [Fact]
    public async Task A_role_that_may_not_create_tables_is_told_which_privilege_it_lacks()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var guest = await GuestAsync(database);

        var error = await Assert.ThrowsAsync<SchemaException>(() => new SchemaMigrator(guest.DataSource).MigrateAsync(Token));

        Assert.Contains("permission denied for schema public", error.Message, StringComparison.Ordinal);
        Assert.Contains(guest.Name, error.Message, StringComparison.Ordinal);
        Assert.Contains("pup migrate --script", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_lists_the_privileges_a_silo_lacks_until_they_are_granted()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var guest = await GuestAsync(database);
        await database.ExecuteAsync($"grant select on projection_migrations to {guest.Name}");
        var migrator = new SchemaMigrator(guest.DataSource);

        var lines = await migrator.VerifyAsync(Token);
        Assert.Contains(lines, line => line.Contains("needs SELECT on table events", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("needs SELECT on sequence public.events_global_position_seq", StringComparison.Ordinal));

        // Each line carries the statement that puts it right.
        foreach (var line in lines)
            await database.ExecuteAsync(line.Split('`')[1]);
        Assert.Empty(await migrator.VerifyAsync(Token));
    }

    [Fact]
    public async Task A_foreign_table_of_the_same_name_is_refused_and_left_alone()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await database.ExecuteAsync("create table events (id int primary key, title text)");

        var error = await Assert.ThrowsAsync<SchemaException>(() => new SchemaMigrator(database.DataSource).MigrateAsync(Token));

        Assert.Contains("'events' is there but is not pupsourcing v1's", error.Message, StringComparison.Ordinal);
        Assert.Contains("global_position bigint", error.Message, StringComparison.Ordinal);
        Assert.False(await database.ScalarAsync<bool>("select to_regclass('projection_migrations') is not null"));
    }

    [Fact]
    public async Task A_failed_migration_leaves_nothing_behind()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        // 0001 has run when 0002 is refused a table.
        await database.ExecuteAsync("""
            create function refuse() returns event_trigger language plpgsql as $$
            begin
                if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'public.projections') then
                    raise exception 'no projections here';
                end if;
            end $$;
            create event trigger refuse on ddl_command_end execute function refuse();
            """);

        var error = await Assert.ThrowsAsync<SchemaException>(() => new SchemaMigrator(database.DataSource).MigrateAsync(Token));

        Assert.Contains("Cannot apply migration 0002_projections as role 'postgres': no projections here", error.Message, StringComparison.Ordinal);
        Assert.False(await database.ScalarAsync<bool>("select to_regclass('events') is not null"));
        Assert.False(await database.ScalarAsync<bool>("select to_regclass('projection_migrations') is not null"));
    }

    private static async Task<Guest> GuestAsync(TestDatabase database)
    {
        var name = "guest_of_" + database.Name;
        await database.ExecuteAsync($"create role {name} login");
        var dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = name }.ConnectionString);
        return new Guest(name, dataSource);
    }

    private sealed record Guest(string Name, NpgsqlDataSource DataSource) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => DataSource.DisposeAsync();
    }
}
