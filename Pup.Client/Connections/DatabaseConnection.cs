using System.Diagnostics;
using Npgsql;

namespace Pup.Client.Connections;

/// <summary>What all connections of Pup's have in common, whoever makes them.</summary>
internal static class DatabaseConnection
{
    private const string StatementText = "db.query.text";

    // Npgsql puts the text of a whole batch together before it is taken away again: for some hundred statements that is a third of what they cost.
    private const int LargestTracedBatch = 16;

    /// <summary>Reads a connection string and adds what correctness rests on: the primary, and read committed.</summary>
    /// <param name="connectionString">As it was configured.</param>
    /// <param name="applicationName">By which the server's views know the session.</param>
    /// <exception cref="ArgumentException">It cannot be read, or could reach a replica.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string connectionString, string applicationName)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The string itself stays out of the message: it may hold a password.
            throw new ArgumentException($"The connection string cannot be read: {e.Message} Check DATABASE_URL or Pup__ConnectionString.", e);
        }

        if (HasSeveralHosts(builder) && !string.Equals(builder.TargetSessionAttributes, "primary", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException(
                "A connection string with several hosts must say `Target Session Attributes=primary`: on a replica open writers cannot be seen, and events would be lost.");

        builder.ApplicationName = applicationName;
        builder.Multiplexing = false;
        builder.Enlist = false;
        if (!HasSocket(builder))
        {
            // A socket directory knows no keep-alive, and refuses to have it set.
            builder.TcpKeepAlive = true;
            builder.TcpKeepAliveTime = 10;
            builder.TcpKeepAliveInterval = 5;
        }

        // jit first, so that the user's own options can override it: compiling a page read takes longer than running it.
        // What correctness rests on comes last, since PostgreSQL lets the last setting win.
        builder.Options = string.Join(' ', new[] { "-c jit=off", builder.Options, @"-c default_transaction_isolation=read\ committed" }
            .Where(static setting => !string.IsNullOrWhiteSpace(setting)));
        return builder;
    }

    /// <summary>Opens a source of connections; with several hosts only the primary is used.</summary>
    public static NpgsqlDataSource CreateDataSource(NpgsqlConnectionStringBuilder builder)
    {
        if (!HasSeveralHosts(builder))
            return Builder(builder).Build();

        // Npgsql wants the target said on the source rather than in the string. Who is the primary is asked anew after a fail-over.
        var plain = new NpgsqlConnectionStringBuilder(builder.ConnectionString) { TargetSessionAttributes = null, HostRecheckSeconds = 1 };
        return Builder(plain).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
    }

    // Statements get spans where they belong to something that has one: not the looks, not the reads that all share. Their text stays out:
    // that of a batch is long, and a handler may have put values into its own. A source without a name goes by its connection string.
    private static NpgsqlDataSourceBuilder Builder(NpgsqlConnectionStringBuilder connection)
    {
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = connection.ApplicationName };
        builder.ConfigureTracing(static tracing => tracing
            .ConfigureCommandFilter(static _ => Activity.Current is not null)
            .ConfigureBatchFilter(static batch => Activity.Current is not null && batch.BatchCommands.Count <= LargestTracedBatch)
            .ConfigureCommandEnrichmentCallback(static (span, _) => span.SetTag(StatementText, null))
            .ConfigureBatchEnrichmentCallback(static (span, _) => span.SetTag(StatementText, null))
            .EnablePhysicalOpenTracing(false));
        return builder;
    }

    private static bool HasSocket(NpgsqlConnectionStringBuilder builder) =>
        builder.Host?.Split(',').Any(host => host.TrimStart() is ['/' or '@', ..]) == true;

    private static bool HasSeveralHosts(NpgsqlConnectionStringBuilder builder) => builder.Host?.Contains(',', StringComparison.Ordinal) == true;
}
