using System.Globalization;
using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Failures;

/// <summary>A role that may do what a silo needs and no more: it owns the read models that it makes.</summary>
internal sealed class RestrictedRole : IAsyncDisposable
{
    private static int s_count;
    private readonly TestDatabase _database;

    private RestrictedRole(TestDatabase database, string name)
    {
        (_database, Name) = (database, name);
        ConnectionString = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = name, Password = null }.ConnectionString;
    }

    public string Name { get; }

    public string ConnectionString { get; }

    public static async Task<RestrictedRole> CreateAsync(TestDatabase database)
    {
        var role = new RestrictedRole(database, string.Create(CultureInfo.InvariantCulture, $"restricted_{Interlocked.Increment(ref s_count)}"));
        await database.ExecuteAsync(
            $"""
            create role {role.Name} login;
            grant usage, create on schema public to {role.Name};
            grant select, insert, update, delete on all tables in schema public to {role.Name};
            grant usage, select on all sequences in schema public to {role.Name};
            """);
        return role;
    }

    public async ValueTask DisposeAsync() =>
        await _database.ExecuteAsync($"drop owned by {Name} cascade; drop role {Name}");
}
