namespace Pup.Silo.Doctor.Checks;

/// <summary>Whether this is a primary, reached as the mark needs it.</summary>
internal sealed class ServerCheck : ICheck
{
    private const string Sql = "select pg_is_in_recovery(), current_setting('transaction_isolation')";

    public string Subject => "The server";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var (isStandby, isolation) = (await database.ReadAsync(Sql, static row => (row.GetBoolean(0), row.GetString(1)), cancellationToken))[0];
        return [.. Judge($"database {database.Name}", isStandby, isolation)];
    }

    public static IEnumerable<Finding> Judge(string where, bool isStandby, string isolation)
    {
        if (isStandby)
        {
            yield return new Finding(
                Severity.Error, Codes.Standby, "The server is a standby (in recovery): open writers cannot be seen there, and nothing can be written.", where,
                "Connect to the primary: list all hosts in DATABASE_URL, with target_session_attrs=primary.");
        }

        if (isolation != "read committed")
        {
            yield return new Finding(
                Severity.Error, Codes.Isolation, $"Sessions start in isolation level '{isolation}', where the steps of a look would share one snapshot.", where,
                "Something between Pup and the server drops or changes default_transaction_isolation: remove it there (a pooler's settings, Options in the connection string).");
        }
    }
}
