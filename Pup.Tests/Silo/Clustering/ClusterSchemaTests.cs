using Npgsql;
using Pup.Silo.Clustering;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Clustering;

public sealed class ClusterSchemaTests(PostgresServer server)
{
    [Fact]
    public async Task Any_number_of_processes_that_start_at_once_make_the_tables_once()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var schema = new ClusterSchema(database.DataSource);

        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => schema.MigrateAsync(TestContext.Current.CancellationToken)));

        Assert.Single(made, true);
        Assert.Empty(await schema.VerifyAsync(TestContext.Current.CancellationToken));
        Assert.False(await schema.MigrateAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_printed_script_makes_the_same_tables_and_may_be_run_again()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await database.ExecuteAsync(ClusterSchema.Script());
        var queries = await database.ScalarAsync<long>("select count(*) from orleans.orleansquery");
        await database.ExecuteAsync(ClusterSchema.Script());

        Assert.Empty(await new ClusterSchema(database.DataSource).VerifyAsync(TestContext.Current.CancellationToken));
        Assert.Equal(queries, await database.ScalarAsync<long>("select count(*) from orleans.orleansquery"));
    }

    [Fact]
    public async Task What_is_missing_is_named_and_so_is_what_to_do()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("drop table orleans.orleansreminderstable");
        var schema = new ClusterSchema(database.DataSource);

        var line = Assert.Single(await schema.VerifyAsync(TestContext.Current.CancellationToken));

        Assert.Contains("orleansreminderstable", line, StringComparison.Ordinal);
        Assert.Contains("`pup migrate`", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_may_not_use_the_tables_is_told_what_to_grant()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var role = $"guest_{database.Name}";
        await database.ExecuteAsync($"create role {role} login");
        await using var guest = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role, Password = null }.ConnectionString);

        Assert.Contains(
            await new ClusterSchema(guest).VerifyAsync(TestContext.Current.CancellationToken),
            line => line.Contains("`grant usage on schema orleans to guest", StringComparison.Ordinal));
        await database.ExecuteAsync($"grant usage on schema orleans to {role}; grant select, insert, update, delete on all tables in schema orleans to {role}");
        Assert.Empty(await new ClusterSchema(guest).VerifyAsync(TestContext.Current.CancellationToken));
    }
}
