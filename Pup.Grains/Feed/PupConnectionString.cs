using System.Diagnostics;
using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>The connections Pup makes out of the one connection string it is given.</summary>
internal static class PupConnectionString
{
    /// <summary>The application name by which Pup knows its own sessions.</summary>
    public const string ApplicationName = "pup";

    private const string StatementText = "db.query.text";

    /// <summary>Sessions of a silo outside its pool: the look and the listener.</summary>
    public const int DedicatedSessions = 2;

    /// <summary>The pool of one generation: bounded by the silo's budget of workers × 2 + 3.</summary>
    public static NpgsqlConnectionStringBuilder Pool(PupOptions options)
    {
        var builder = Common(options);
        builder.Pooling = true;
        builder.MinPoolSize = 0;
        builder.MaxPoolSize = options.Workers * 2 + 3 - DedicatedSessions;
        builder.MaxAutoPrepare = Math.Max(builder.MaxAutoPrepare, 256);
        builder.AutoPrepareMinUsages = 2;
        builder.ConnectionIdleLifetime = 60;
        builder.ConnectionLifetime = 300;
        return builder;
    }

    /// <summary>
    /// What Orleans opens for membership and reminders: few, and soon closed. By another name than the engine's own, which
    /// are terminated when they stand in the way of a new owner.
    /// </summary>
    public static NpgsqlConnectionStringBuilder Cluster(PupOptions options, string schema, int connections)
    {
        var builder = Common(options);
        builder.ApplicationName = ApplicationName + " cluster";
        builder.SearchPath = schema;
        builder.Pooling = true;
        builder.MinPoolSize = 0;
        builder.MaxPoolSize = connections;
        builder.ConnectionIdleLifetime = 30;
        builder.ConnectionLifetime = 300;
        // Its statements are few, always the same, and leave nothing behind that the next one would have to be rid of.
        builder.NoResetOnClose = true;
        builder.MaxAutoPrepare = 16;
        builder.AutoPrepareMinUsages = 2;
        return builder;
    }

    /// <summary>A session of its own, which lives and dies with what it is used for.</summary>
    public static NpgsqlConnectionStringBuilder DedicatedSession(PupOptions options)
    {
        var builder = Common(options);
        builder.Pooling = false;
        return builder;
    }

    /// <summary>Opens a source of connections; with several hosts only the primary is used.</summary>
    public static NpgsqlDataSource CreateDataSource(NpgsqlConnectionStringBuilder builder)
    {
        if (!HasSeveralHosts(builder))
            return Builder(builder).Build();

        // Npgsql wants the target said on the source rather than in the string.
        var plain = new NpgsqlConnectionStringBuilder(builder.ConnectionString) { TargetSessionAttributes = null };
        return Builder(plain).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary);
    }

    // Statements get spans where they belong to something that has one: not the looks, not the reads that all share. Their text stays out:
    // that of a batch is long, and a handler may have put values into its own.
    private static NpgsqlDataSourceBuilder Builder(NpgsqlConnectionStringBuilder connection)
    {
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = ApplicationName };
        builder.ConfigureTracing(static tracing => tracing
            .ConfigureCommandFilter(static _ => Activity.Current is not null)
            .ConfigureBatchFilter(static _ => Activity.Current is not null)
            .ConfigureCommandEnrichmentCallback(static (span, _) => span.SetTag(StatementText, null))
            .ConfigureBatchEnrichmentCallback(static (span, _) => span.SetTag(StatementText, null))
            .EnablePhysicalOpenTracing(false));
        return builder;
    }

    private static NpgsqlConnectionStringBuilder Common(PupOptions options)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The string itself stays out of the message: it may hold a password.
            throw new ArgumentException($"The connection string cannot be read: {e.Message} Check DATABASE_URL or Pup__ConnectionString.", e);
        }

        if (HasSeveralHosts(builder) && !string.Equals(builder.TargetSessionAttributes, "primary", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException(
                "A connection string with several hosts must say `Target Session Attributes=primary`: on a replica open writers cannot be seen, and events would be lost.");

        builder.ApplicationName = ApplicationName;
        builder.IncludeFailedBatchedCommand = true;
        builder.Multiplexing = false;
        builder.Enlist = false;
        if (!HasSocket(builder))
        {
            // A socket directory knows no keep-alive, and refuses to have it set.
            builder.TcpKeepAlive = true;
            builder.TcpKeepAliveTime = 10;
            builder.TcpKeepAliveInterval = 5;
        }

        builder.Options = Settings(options, builder.Options);
        return builder;
    }

    // jit first, so that the user's own options can override it: compiling a page read takes longer than running it.
    // What correctness rests on comes last, since PostgreSQL lets the last setting win.
    private static string Settings(PupOptions options, string? own) => string.Join(' ', new[]
    {
        "-c jit=off",
        own,
        @"-c default_transaction_isolation=read\ committed",
        $"-c idle_in_transaction_session_timeout={(long)options.IdleInTransactionTimeout.TotalMilliseconds}",
    }.Where(setting => !string.IsNullOrWhiteSpace(setting)));

    private static bool HasSocket(NpgsqlConnectionStringBuilder builder) =>
        builder.Host?.Split(',').Any(host => host.TrimStart() is ['/' or '@', ..]) == true;

    private static bool HasSeveralHosts(NpgsqlConnectionStringBuilder builder) => builder.Host?.Contains(',', StringComparison.Ordinal) == true;
}
