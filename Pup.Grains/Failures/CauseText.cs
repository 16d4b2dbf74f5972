using Npgsql;

namespace Pup.Grains.Failures;

/// <summary>What is said of a cause in logs and states, which more people may read than the log of events.</summary>
internal static class CauseText
{
    /// <summary>
    /// The cause in its own words, save where the database quotes data: errors of class 22 (<c>invalid input syntax for type integer: "…"</c>) quote the value, and the
    /// details of others the row.
    /// </summary>
    public static string Of(Exception cause) => cause switch
    {
        PostgresException { SqlState: ['2', '2', ..] } quoting => $"{quoting.SqlState}: {quoting.MessageText.Split('"')[0].TrimEnd(' ', ':')} (the value is not shown).",
        PostgresException refused => $"{refused.SqlState}: {refused.MessageText}",
        _ => cause.Message,
    };
}
