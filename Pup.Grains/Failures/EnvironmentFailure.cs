using System.Text.RegularExpressions;
using Npgsql;

namespace Pup.Grains.Failures;

/// <summary>Errors that say that the database lacks something: they are the deployment's, and every event would meet them.</summary>
internal static partial class EnvironmentFailure
{
    private const int MaxStatementLength = 80;

    // A row that a row-level security policy refuses has the same SQLSTATE as a missing privilege, but depends on the event.
    private const string RowSecurityRoutine = "ExecWithCheckOptions";

    public static bool Is(PostgresException exception) => exception.SqlState switch
    {
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidSchemaName => true,
        PostgresErrorCodes.InsufficientPrivilege => exception.Routine != RowSecurityRoutine,
        _ => false,
    };

    /// <summary>What is missing, where it was met, and what to do.</summary>
    public static string Explain(Exception cause, string projection, int partition, long position)
    {
        var error = Find(cause);
        var statement = error?.BatchCommand is { } command ? $" (in `{Shorten(command.CommandText)}`)" : "";
        var advice = error?.SqlState == PostgresErrorCodes.InsufficientPrivilege
            ? "Grant it to Pup's role."
            : $"Bring the read model's tables up to date, or let `pup rebuild {projection}` prepare them anew.";
        return $"Projection '{projection}' partition {partition} waits at position {position}: {error?.MessageText ?? cause.Message}{statement}. "
            + $"No event is to blame and none was parked. {advice} The partition then goes on by itself.";
    }

    private static PostgresException? Find(Exception? exception) =>
        exception is null or PostgresException ? (PostgresException?)exception : Find(exception.InnerException);

    // The statement is a constant of the projection's; values travel beside it.
    private static string Shorten(string statement)
    {
        var line = Whitespace().Replace(statement.Trim(), " ");
        return line.Length > MaxStatementLength ? line[..MaxStatementLength] + "…" : line;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
