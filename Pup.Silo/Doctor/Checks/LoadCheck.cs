namespace Pup.Silo.Doctor.Checks;

/// <summary>What keeps the server busy: many active sessions, long statements, transactions left open.</summary>
internal sealed class LoadCheck : ICheck
{
    private const string CountsSql = """
        select count(*) filter (where state = 'active' and pid <> pg_backend_pid()), count(*), current_setting('max_connections')::int
        from pg_stat_activity where backend_type = 'client backend'
        """;

    private const string SessionsSql = """
        select pid, application_name, state, clock_timestamp() - case state when 'active' then query_start else state_change end
        from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
            and state in ('active', 'idle in transaction', 'idle in transaction (aborted)') and query_start is not null
        """;

    public string Subject => "The server's load";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var (active, open, most) = (await database.ReadAsync(CountsSql, static row => (row.GetInt64(0), row.GetInt64(1), row.GetInt32(2)), cancellationToken))[0];
        var sessions = await database.ReadAsync(
            SessionsSql,
            static row => new BusySession(row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetString(2), row.IsDBNull(3) ? TimeSpan.Zero : row.GetTimeSpan(3)),
            cancellationToken);
        return [.. JudgeCounts(active, open, most, database.Limits, database.HiddenSession), .. sessions.Select(session => Judge(session, database.Limits)).OfType<Finding>()];
    }

    public static IEnumerable<Finding> JudgeCounts(long active, long open, int most, DoctorLimits limits, string? hidden)
    {
        if (active >= limits.Busy * most)
        {
            yield return new Finding(
                Severity.Warning, Codes.Busy, $"{active} sessions are active at once, of {most} that there may be.", "the server",
                "More sessions than cores only wait for each other: lower Workers, and the pools of the applications; look at the longest statements for missing indexes.", hidden);
        }

        if (open >= limits.Used * most)
        {
            yield return new Finding(
                Severity.Warning, Codes.ConnectionsUsed, $"{open} of {most} connections are open.", "the server",
                "Soon nobody can connect: lower Workers or the pools of the applications, put a pooler before them, or raise max_connections.");
        }
    }

    public static Finding? Judge(BusySession session, DoctorLimits limits) => session.State switch
    {
        "active" when session.Age >= limits.LongQuery => new Finding(
            Severity.Warning, Codes.LongStatement, $"A statement has been running for {Words.Of(session.Age)}.", Words.Session(session.Pid, session.Application),
            $"See what it is: `select query from pg_stat_activity where pid = {session.Pid}`; explain it, index for it, or `select pg_cancel_backend({session.Pid})`."),
        not "active" when session.Age >= limits.IdleTransaction => new Finding(
            Severity.Warning, Codes.IdleTransaction, $"A transaction has been standing open, idle, for {Words.Of(session.Age)}; meanwhile vacuum can clear nothing away.", Words.Session(session.Pid, session.Application),
            $"End it in the application, or `select pg_terminate_backend({session.Pid})`; idle_in_transaction_session_timeout prevents it."),
        _ => null,
    };
}
