namespace Pup.Grains.Feed;

/// <summary>
/// The condition that ties a statement to its generation. It fails with 22012 wherever the look session that holds the
/// key is not alive: on a new primary, for a zombie, behind a pooler that switched.
/// </summary>
internal static class GenerationCheck
{
    /// <summary>The error the check raises: division by zero.</summary>
    public const string SqlState = Npgsql.PostgresErrorCodes.DivisionByZero;

    // An uncorrelated sub-select: PostgreSQL evaluates it once a statement, before the first row, also if there is none.
    internal const string OnFirstParameter = "(select 1 / (not pg_try_advisory_xact_lock_shared($1))::int) = 1";
}
