using Npgsql;
using Pup.Client.Connections;
using Pup.Grains.Schema;

namespace Pup.Grains.Testing;

/// <summary>A fresh database with Pup's schema, dropped at its end.</summary>
internal sealed class OwnDatabase : IAsyncDisposable
{
    private readonly string _server;
    private readonly string _name;

    private OwnDatabase(string server)
    {
        _server = server;
        _name = $"pup_test_{Guid.NewGuid():N}";
        // What the server's own database has as its Search Path is not there in a new one.
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = _name, SearchPath = null }.ConnectionString;
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource { get; }

    /// <summary>The tables that Pup made; all others are the read model's.</summary>
    public uint[] OwnTables { get; private set; } = [];

    /// <exception cref="InvalidOperationException">The server cannot be reached, or refuses.</exception>
    public static async Task<OwnDatabase> CreateAsync(string server, CancellationToken cancellationToken)
    {
        var database = Describe(server);
        try
        {
            await database.AdministerAsync($"create database {database._name} template template0", cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            await database.DataSource.DisposeAsync();
            throw new InvalidOperationException(Explain(exception), exception);
        }

        try
        {
            await new SchemaMigrator(database.DataSource).MigrateAsync(cancellationToken);
            await using var command = database.DataSource.CreateCommand("select array_agg(oid) from pg_class where relnamespace = 'public'::regnamespace");
            database.OwnTables = (uint[])(await command.ExecuteScalarAsync(cancellationToken))!;
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        try
        {
            await AdministerAsync($"drop database if exists {_name} with (force)", CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            // A server that is gone took the database along or will show it by its name; the test has its own failure to tell.
        }
    }

    private static OwnDatabase Describe(string server)
    {
        try
        {
            return new OwnDatabase(server.Contains("://", StringComparison.Ordinal) ? DatabaseUrl.ToConnectionString(server) : server);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The string itself stays out of the message: it may hold a password.
            throw new InvalidOperationException($"The test server's connection string cannot be read: {exception.Message}", exception);
        }
    }

    private static string Explain(NpgsqlException exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused =>
            $"The test server's role may not create databases: {refused.MessageText}. Allow it (`alter role … createdb`), or use another role.",
        PostgresException refused => $"The test server refused a database of the test's own: {refused.MessageText}.",
        _ => $"The test server cannot be reached: {exception.Message} Is it running, and is the connection string right?",
    };

    // The name is made here, of letters and digits: it cannot travel as a parameter.
    private async Task AdministerAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
