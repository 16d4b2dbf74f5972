using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Schema;
using Pup.Silo.Clustering;
using Pup.Silo.Configuration;

namespace Pup.Silo.Hosting;

/// <summary>Looks at the database before anything is started, and puts what is wrong into a line. Never shows a password.</summary>
internal static partial class DatabaseCheck
{
    public static void RequireAddress(SiloConfiguration configuration)
    {
        if (configuration.Options.ConnectionString.Length == 0)
            throw new ConfigurationException("There is no database to work with: set DATABASE_URL to postgres://user:password@host:5432/database. ('pup demo' starts a private server of its own.)");
    }

    /// <summary>
    /// Sees to it that all tables are there before the silo joins its cluster, which needs them. Waits for a server that is not there
    /// yet, and refuses what waiting will not mend.
    /// </summary>
    public static async Task PrepareAsync(PupOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(options));
                await PrepareAsync(dataSource, options.AutoMigrate, cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (!IsDefinitive(e))
            {
                var delay = Backoff.Delay(attempt, options.RetryDelay, options.MaxRetryDelay, Random.Shared.NextDouble());
                LogWaiting(logger, Explain(e), delay.TotalSeconds);
                await Task.Delay(delay, cancellationToken);
            }
            catch (ArgumentException e)
            {
                throw new ConfigurationException(e.Message);
            }
        }
    }

    private static async Task PrepareAsync(NpgsqlDataSource dataSource, bool migrate, CancellationToken cancellationToken)
    {
        var (engine, cluster) = (new SchemaMigrator(dataSource), new ClusterSchema(dataSource));
        if (migrate)
        {
            await engine.MigrateAsync(cancellationToken);
            await cluster.MigrateAsync(cancellationToken);
        }
        else if ((string[])[.. await engine.VerifyAsync(cancellationToken), .. await cluster.VerifyAsync(cancellationToken)] is { Length: > 0 } missing)
        {
            throw new StartupException(string.Join(" ", missing));
        }
    }

    public static string Explain(NpgsqlException exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } e => $"The database refused the password: {e.MessageText}. Check DATABASE_URL, or the file that Passfile names.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } e => $"The database refused the connection: {e.MessageText}. Check the user in DATABASE_URL and the server's pg_hba.conf.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } e => $"The database does not exist: {e.MessageText}. Create it, or correct DATABASE_URL.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e => $"The database refused: {e.MessageText}. Grant the privilege, or use another role.",
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } e => $"The database's disk is full: {e.MessageText}. Free some space.",
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } e =>
            $"The database refused: {e.MessageText} ({e.SqlState}). If Pup's tables are not there yet, run `pup migrate`; if they are in another schema, name it as Search Path in DATABASE_URL.",
        PostgresException e => $"The database refused: {e.MessageText} ({e.SqlState}).",
        { InnerException: AuthenticationException e } => $"The database's certificate was not accepted: {e.Message} Check sslmode and sslrootcert in DATABASE_URL, and that the host there is the one that the certificate names.",
        { InnerException: SocketException or TimeoutException or IOException } e => $"The database cannot be reached: {Reason(e)}. Is the server running, and is DATABASE_URL right?",
        { Message: var message } when message.StartsWith("No password", StringComparison.Ordinal) => "The database asks for a password, and DATABASE_URL has none. Add it there, or name a Passfile.",
        _ => $"The connection to the database failed: {exception.Message}",
    };

    private static string Reason(NpgsqlException exception)
    {
        var (said, cause) = (exception.Message.TrimEnd('.'), exception.InnerException!.Message.TrimEnd('.'));
        return said == cause ? said : $"{said} ({cause})";
    }

    private static bool IsDefinitive(NpgsqlException exception) =>
        exception is PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] or ['4', '2', ..] } || exception.InnerException is AuthenticationException || exception.Message.StartsWith("No password", StringComparison.Ordinal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason} Trying again in {Seconds:0.0} s.")]
    private static partial void LogWaiting(ILogger logger, string reason, double seconds);
}
