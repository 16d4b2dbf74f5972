using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>Connects as one of the roles of deploy/database/roles.sql.</summary>
internal static class Role
{
    private const string Password = "a password of the tests";

    /// <summary>Creates the roles, gives them passwords, and runs the migration as the role that is there for it.</summary>
    public static async Task SetUpAsync(PostgresServer server, TestDatabase database)
    {
        var roles = Docs.Repository.Read("deploy/database/roles.sql");
        await database.ExecuteAsync(roles);
        foreach (var role in (string[])["pup_migration", "pup_silo", "pup_app", "pup_report"])
            await database.ExecuteAsync($"alter role {role} password '{Password}'");
        await using (var pup = Silo.Demo.PupProcess.Start(Environment(Of(server, database, "pup_migration")), "migrate"))
            Assert.True(await pup.EndAsync() == 0, pup.Error);
        // As its head says: grants on tables need the tables.
        await database.ExecuteAsync(roles);
    }

    public static string Of(PostgresServer server, TestDatabase database, string role) =>
        new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name)) { Username = role, Password = Password }.ConnectionString;

    public static Dictionary<string, string> Environment(string connectionString) => new() { ["DATABASE_URL"] = connectionString };

    /// <summary>Runs a statement as a role, and gives the state of the refusal, or null if it was done.</summary>
    public static async Task<string?> TryAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        try
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            return null;
        }
        catch (PostgresException refusal)
        {
            return refusal.SqlState;
        }
    }
}
