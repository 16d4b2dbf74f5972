using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>What an error of a look means to an operator. Null: the session itself is in doubt.</summary>
internal static class LookFailure
{
    public static string? Explain(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn =>
            $"A table Pup needs is missing ({error.MessageText}). Run `pup migrate`.",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"Missing privilege: {error.MessageText}. Grant it to Pup's role: select on events and its sequence; select, insert, update on Pup's own tables.",
        PostgresErrorCodes.LockNotAvailable =>
            "The look waits for a lock on the events table: a schema change, TRUNCATE or LOCK TABLE is under way. It goes on when that ends.",
        _ => null,
    };
}
