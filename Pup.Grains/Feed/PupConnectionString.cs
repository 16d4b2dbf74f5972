using Npgsql;
using Pup.Client.Connections;

namespace Pup.Grains.Feed;

/// <summary>The connections Pup makes out of the one connection string it is given.</summary>
internal static class PupConnectionString
{
    /// <summary>The application name by which Pup knows its own sessions.</summary>
    public const string ApplicationName = "pup";

    /// <summary>Sessions of a silo outside its pool: the look and the listener.</summary>
    public const int DedicatedSessions = 2;

    /// <summary>The silo's pool: bounded by its budget of workers × 2 + 3, the dedicated sessions among them.</summary>
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
    public static NpgsqlDataSource CreateDataSource(NpgsqlConnectionStringBuilder builder) => DatabaseConnection.CreateDataSource(builder);

    private static NpgsqlConnectionStringBuilder Common(PupOptions options)
    {
        var builder = DatabaseConnection.Parse(options.ConnectionString, ApplicationName);
        builder.IncludeFailedBatchedCommand = true;
        builder.Options += $" -c idle_in_transaction_session_timeout={(long)options.IdleInTransactionTimeout.TotalMilliseconds}";
        return builder;
    }
}
