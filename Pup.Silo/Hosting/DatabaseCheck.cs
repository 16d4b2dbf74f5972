using System.Net.Sockets;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Grains.Schema;
using Pup.Silo.Configuration;

namespace Pup.Silo.Hosting;

/// <summary>Looks at the database before anything is started, and puts what is wrong into a line. Never shows a password.</summary>
internal static class DatabaseCheck
{
    public static void RequireAddress(SiloConfiguration configuration)
    {
        if (configuration.Options.ConnectionString.Length == 0)
            throw new ConfigurationException("There is no database to work with: set DATABASE_URL to postgres://user:password@host:5432/database. ('pup demo' starts a private server of its own.)");
    }

    /// <summary>Refuses what waiting will not mend. A server that is not there yet is left to the silo, which waits for it.</summary>
    public static async Task VerifyAsync(PupOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(options));
            if (!options.AutoMigrate && await new SchemaMigrator(dataSource).VerifyAsync(cancellationToken) is { Count: > 0 } missing)
                throw new StartupException(string.Join(" ", missing));
        }
        catch (NpgsqlException e) when (!IsDefinitive(e))
        {
            // The silo logs it and tries again.
        }
        catch (ArgumentException e)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    public static string Explain(NpgsqlException exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } e => $"The database refused the password: {e.MessageText}. Check DATABASE_URL, or the file that Passfile names.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } e => $"The database refused the connection: {e.MessageText}. Check the user in DATABASE_URL and the server's pg_hba.conf.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } e => $"The database does not exist: {e.MessageText}. Create it, or correct DATABASE_URL.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e => $"The database refused: {e.MessageText}. Grant the privilege, or use another role.",
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } e => $"The database's disk is full: {e.MessageText}. Free some space.",
        PostgresException e => $"The database refused: {e.MessageText} ({e.SqlState}).",
        { InnerException: SocketException or TimeoutException or IOException } e => $"The database cannot be reached: {e.Message} ({e.InnerException!.Message}) Is the server running, and is DATABASE_URL right?",
        { Message: var message } when message.StartsWith("No password", StringComparison.Ordinal) => "The database asks for a password, and DATABASE_URL has none. Add it there, or name a Passfile.",
        _ => $"The connection to the database failed: {exception.Message}",
    };

    private static bool IsDefinitive(NpgsqlException exception) =>
        exception is PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] or ['4', '2', ..] } || exception.Message.StartsWith("No password", StringComparison.Ordinal);
}
