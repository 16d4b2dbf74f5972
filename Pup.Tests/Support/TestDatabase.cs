using System.Globalization;
using Npgsql;
using Pup.Grains.Schema;
using Pup.Silo.Clustering;

namespace Pup.Tests.Support;

/// <summary>A fresh database of a test's own, dropped at its end.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static int s_count;
    private readonly PostgresServer _server;

    private TestDatabase(PostgresServer server, string name)
    {
        _server = server;
        Name = name;
        ConnectionString = server.ConnectionString(name);
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    public string Name { get; }

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource { get; }

    /// <summary>Makes a database with Pup's schema, or an empty one.</summary>
    public static async Task<TestDatabase> CreateAsync(PostgresServer server, bool migrate = true)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref s_count)}");
        var template = migrate ? await server.TemplateAsync(template => CreateTemplateAsync(server, template)) : "template0";
        await AdministerAsync(server, $"create database {name} template {template}");
        return new TestDatabase(server, name);
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] args)
    {
        await using var command = Command(sql, args);
        var value = await command.ExecuteScalarAsync();
        return value is null or DBNull ? default! : (T)value;
    }

    public async Task ExecuteAsync(string sql, params object[] args)
    {
        await using var command = Command(sql, args);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        try
        {
            await AdministerAsync(_server, $"drop database {Name} with (force)");
        }
        catch (NpgsqlException)
        {
            // The server is stopped, or holds a prepared transaction of the test: the whole cluster goes at the end.
        }
    }

    private static async Task CreateTemplateAsync(PostgresServer server, string name)
    {
        await AdministerAsync(server, $"create database {name} template template0");
        // Without a pool: nobody may be connected to a template that is copied.
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString(name) + ";Pooling=false");
        await new SchemaMigrator(dataSource).MigrateAsync(CancellationToken.None);
        await new ClusterSchema(dataSource).MigrateAsync(CancellationToken.None);
    }

    private static async Task AdministerAsync(PostgresServer server, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private NpgsqlCommand Command(string sql, object[] args)
    {
        var command = DataSource.CreateCommand(sql);
        foreach (var arg in args)
            command.Parameters.Add(new() { Value = arg });
        return command;
    }
}
