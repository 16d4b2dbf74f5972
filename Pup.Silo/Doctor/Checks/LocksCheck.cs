namespace Pup.Silo.Doctor.Checks;

/// <summary>Who keeps Pup's sessions waiting, on rows of a read model or anywhere else.</summary>
internal sealed class LocksCheck : ICheck
{
    // Who waits for a row holds the lock on the tuple meanwhile, which tells the table. Pup's own sessions wait for each other
    // for moments, and the one that waits longer than that waits for somebody else in the end.
    private const string Sql = """
        select w.pid, clock_timestamp() - w.query_start,
            (select l.relation::regclass::text from pg_locks l
                where l.pid = w.pid and l.relation is not null and (l.locktype = 'tuple' or not l.granted) limit 1),
            b.pid, a.application_name, a.state, clock_timestamp() - a.xact_start, clock_timestamp() - coalesce(a.state_change, a.query_start)
        from pg_stat_activity w
        cross join lateral unnest(pg_blocking_pids(w.pid)) as b(pid)
        left join pg_stat_activity a on a.pid = b.pid
        where w.datname = current_database() and w.application_name like 'pup%' and w.pid <> pg_backend_pid()
            and exists (select from pg_locks l where l.pid = w.pid and not l.granted)
        order by w.query_start
        """;

    public string Subject => "Locks";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var blocked = await database.ReadAsync(
            Sql,
            static row => new BlockedSession(
                row.GetInt32(0),
                row.IsDBNull(1) ? TimeSpan.Zero : row.GetTimeSpan(1),
                row.IsDBNull(2) ? null : row.GetString(2),
                row.GetInt32(3),
                row.IsDBNull(4) ? null : row.GetString(4),
                row.IsDBNull(5) ? null : row.GetString(5),
                row.IsDBNull(6) ? null : row.GetTimeSpan(6),
                row.IsDBNull(7) ? null : row.GetTimeSpan(7)),
            cancellationToken);
        return [.. Judge(blocked, database.Limits, database.HiddenSession)];
    }

    public static IEnumerable<Finding> Judge(IReadOnlyList<BlockedSession> blocked, DoctorLimits limits, string? hidden)
    {
        var waiting = blocked.Select(static session => session.Waiting).ToHashSet();
        // One that waits itself is not the cause.
        foreach (var blocker in blocked.Where(session => session.Waits >= limits.LockWait && !waiting.Contains(session.Blocker)).GroupBy(static session => session.Blocker))
        {
            var first = blocker.MaxBy(static session => session.Waits)!;
            var tables = blocker.Select(static session => session.Table).OfType<string>().Distinct().ToList();
            var age = string.Concat(
                first.State is { } state ? $", {state}{(first.QueryAge is { } query ? $" for {Words.Of(query)}" : "")}" : "",
                first.TransactionAge is { } transaction ? $", transaction open for {Words.Of(transaction)}" : "");
            yield return new Finding(
                Severity.Error,
                Codes.Lock,
                $"{Words.Session(blocker.Key, first.Application)}{age} has kept {Count(blocker.Count())} of Pup waiting for {Words.Of(first.Waits)}"
                    + (tables.Count == 0 ? "." : $" on table {Words.Some(tables)}."),
                Words.Session(blocker.Key, first.Application),
                blocker.Key == 0
                    ? "Find it in pg_prepared_xacts; `commit prepared '…'` or `rollback prepared '…'`."
                    : $"Let its transaction end; if it will not, `select pg_terminate_backend({blocker.Key})`. Nobody but the projection should write to its read model.",
                first.State is null && blocker.Key != 0 ? hidden : null);
        }
    }

    private static string Count(int sessions) => sessions == 1 ? "a session" : $"{sessions} sessions";
}
