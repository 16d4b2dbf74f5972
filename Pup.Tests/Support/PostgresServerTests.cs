using Npgsql;

namespace Pup.Tests.Support;

public sealed class PostgresServerTests(PostgresServer shared)
{
    [Fact]
    public async Task A_server_of_a_tests_own_keeps_port_and_data_through_a_crash_and_a_restart()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("create table kept (id int); insert into kept values (1)");
        var port = server.Port;

        await server.StopImmediateAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => database.ExecuteAsync("select 1"));
        await server.StartAgainAsync();
        await Eventually.TrueAsync(() => AnswersAsync(database), TimeSpan.FromSeconds(10), "the pool has dropped its dead connections");
        await server.RestartAsync();
        await Eventually.TrueAsync(() => AnswersAsync(database), TimeSpan.FromSeconds(10), "the pool has dropped its dead connections");

        Assert.Equal(1, await database.ScalarAsync<int>("select id from kept"));
        Assert.Equal(port, server.Port);
    }

    [Fact]
    public async Task A_server_takes_settings_and_its_directory_goes_with_it()
    {
        var server = await PostgresServer.StartAsync(new() { Settings = new Dictionary<string, string> { ["max_connections"] = "20" } });
        await using (var database = await TestDatabase.CreateAsync(server, migrate: false))
            Assert.Equal("20", await database.ScalarAsync<string>("show max_connections"));
        var directory = server.SocketDirectory;
        Assert.True(Directory.Exists(directory));

        await server.DisposeAsync();

        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task The_shared_server_is_reached_by_tcp_with_its_password_only()
    {
        await using var dataSource = NpgsqlDataSource.Create(shared.TcpConnectionString("postgres"));
        await using var command = dataSource.CreateCommand("select 1");
        Assert.Equal(1, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));

        var wrong = new NpgsqlConnectionStringBuilder(shared.TcpConnectionString("postgres")) { Password = "wrong" };
        await using var refused = new NpgsqlConnection(wrong.ConnectionString);
        var error = await Assert.ThrowsAsync<PostgresException>(() => refused.OpenAsync(TestContext.Current.CancellationToken));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, error.SqlState);
    }

    private static async Task<bool> AnswersAsync(TestDatabase database)
    {
        try
        {
            return await database.ScalarAsync<int>("select 1") == 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
