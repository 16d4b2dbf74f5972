using System.Globalization;
using Npgsql;
using Pup.Client.Connections;
using Pup.Grains.Schema;
using Pup.Silo.Clustering;

namespace Pup.Bench.Servers;

/// <summary>A database of the benchmark's own, on a private server or on the one that DATABASE_URL names; gone afterwards.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private readonly PrivateServer? _server;
    private readonly NpgsqlDataSource _admin;
    private readonly string _name;

    private BenchDatabase(PrivateServer? server, NpgsqlDataSource admin, string name, string connectionString)
    {
        (_server, _admin, _name, ConnectionString) = (server, admin, name, connectionString);
        DataSource = NpgsqlDataSource.Create(connectionString);
    }

    public NpgsqlDataSource DataSource { get; }

    public string ConnectionString { get; }

    public static async Task<BenchDatabase> CreateAsync(CancellationToken cancellationToken, params string[] serverSettings)
    {
        var url = Environment.GetEnvironmentVariable("DATABASE_URL");
        var server = string.IsNullOrEmpty(url) ? await PrivateServer.StartAsync(serverSettings, cancellationToken) : null;
        var settings = new NpgsqlConnectionStringBuilder(server?.ConnectionString ?? DatabaseUrl.ToConnectionString(url!)) { CommandTimeout = 0 };
        var admin = NpgsqlDataSource.Create(settings.ConnectionString);
        var name = string.Create(CultureInfo.InvariantCulture, $"pup_bench_{Environment.ProcessId}");
        await ExecuteAsync(admin, $"create database {name}", cancellationToken);
        settings.Database = name;
        var database = new BenchDatabase(server, admin, name, settings.ConnectionString);
        await new SchemaMigrator(database.DataSource).MigrateAsync(cancellationToken);
        await new ClusterSchema(database.DataSource).MigrateAsync(cancellationToken);
        return database;
    }

    public Task ExecuteAsync(string sql, CancellationToken cancellationToken) => ExecuteAsync(DataSource, sql, cancellationToken);

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_server is null)
            await ExecuteAsync(_admin, $"drop database {_name} with (force)", CancellationToken.None);
        await _admin.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
