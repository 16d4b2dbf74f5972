using System.Net.Sockets;
using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Projections;

namespace Pup.Grains.Failures;

/// <summary>Decides what an exception out of a batch means.</summary>
internal static class FailureClassifier
{
    private const string IdleInTransactionSessionTimeout = "25P03";

    public static FailureKind Classify(Exception exception) => exception switch
    {
        FenceLostException or CommitUnknownException => FailureKind.FenceInDoubt,
        TransactionEndedException => FailureKind.TransactionEnded,
        QueuedStatementException or HandlerException => Classify(exception.InnerException!),
        PostgresException postgres when EnvironmentFailure.Is(postgres) => FailureKind.Environment,
        PostgresException postgres => IsTransient(postgres) ? FailureKind.Transient : FailureKind.Handler,
        NpgsqlException => FailureKind.Transient,
        SocketException or IOException { InnerException: SocketException } => FailureKind.Transient,
        { InnerException: NpgsqlException inner } => Classify(inner),
        _ => FailureKind.Handler,
    };

    public static bool IsDeadlock(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.DeadlockDetected,
        { InnerException: { } inner } => IsDeadlock(inner),
        _ => false,
    };

    /// <summary>Whether a statement was ended because it took too long: by this process, by the server's statement_timeout or by an operator.</summary>
    public static bool IsStatementTimeout(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.QueryCanceled,
        NpgsqlException { InnerException: TimeoutException } => true,
        { InnerException: { } inner } => IsStatementTimeout(inner),
        _ => false,
    };

    // By class of SQLSTATE. Wider than Npgsql's own IsTransient, which leaves out a full disk, a failed-over
    // primary (25006) and a plan that DDL made stale (0A000): waiting helps there, parking events would not.
    private static bool IsTransient(PostgresException exception) =>
        exception.IsTransient || exception.SqlState[..2] is "08" or "40" or "53" or "57" or "58" || exception.SqlState is
            PostgresErrorCodes.LockNotAvailable or
            PostgresErrorCodes.ObjectInUse or
            PostgresErrorCodes.ReadOnlySqlTransaction or
            IdleInTransactionSessionTimeout or
            PostgresErrorCodes.InvalidPassword or
            PostgresErrorCodes.InvalidAuthorizationSpecification ||
        exception is { SqlState: PostgresErrorCodes.FeatureNotSupported, MessageText: "cached plan must not change result type" };
}
