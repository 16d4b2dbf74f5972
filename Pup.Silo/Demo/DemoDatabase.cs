using Npgsql;
using Pup.Silo.Configuration;
using Pup.Silo.EmbeddedPostgres;

namespace Pup.Silo.Demo;

/// <summary>Where the demo's log and read models live: the database that was named, or one on a private server.</summary>
internal sealed class DemoDatabase : IAsyncDisposable
{
    /// <summary>A directory for the private server in place of the checkout.</summary>
    private const string HomeVariable = "PUP_HOME";

    private readonly EmbeddedServer? _server;

    private DemoDatabase(string connectionString, EmbeddedServer? server)
    {
        ConnectionString = connectionString;
        _server = server;
    }

    public string ConnectionString { get; }

    public static async Task<DemoDatabase> OpenAsync(
        string given, string database, bool fresh, Action<string> tell, CancellationToken cancellationToken)
    {
        if (given.Length > 0)
        {
            return fresh
                ? throw new ConfigurationException("--fresh drops a database only on the private server. Make an empty database yourself, and name it in DATABASE_URL.")
                : new DemoDatabase(given, null);
        }

        var server = await EmbeddedServer.StartAsync(Home(), tell, cancellationToken);
        try
        {
            await EnsureAsync(server.ConnectionString("postgres"), database, fresh, cancellationToken);
            return new DemoDatabase(server.ConnectionString(database), server);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static string Home() => Environment.GetEnvironmentVariable(HomeVariable) is { Length: > 0 } home ? home : DemoSource.Checkout();

    private static async Task EnsureAsync(string administration, string database, bool fresh, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(administration + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        if (fresh)
            await ExecuteAsync($"drop database if exists {database} with (force)");
        await using var exists = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = database } },
        };
        if (await exists.ExecuteScalarAsync(cancellationToken) is null)
            await ExecuteAsync($"create database {database}");

        // The name is letters, digits and underscores of our own making; utility statements take no parameters.
        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
