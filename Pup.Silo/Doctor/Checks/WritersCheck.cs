namespace Pup.Silo.Doctor.Checks;

/// <summary>Transactions that have been able to write to the log for long: each holds the mark back, and with it every projection.</summary>
internal sealed class WritersCheck : ICheck
{
    // As in a look: exactly RowExclusiveLock. A prepared transaction has no session, and is found by its transaction id.
    private const string Sql = """
        with recursive tree(oid) as (
            select to_regclass('events')::oid
            union
            select i.inhrelid from pg_inherits i join tree t on i.inhparent = t.oid)
        select distinct on (l.virtualtransaction) l.virtualtransaction, l.pid, a.application_name, a.state, p.gid,
            clock_timestamp() - coalesce(a.xact_start, p.prepared)
        from pg_locks l
        left join pg_stat_activity a on a.pid = l.pid
        left join pg_locks t on l.pid is null and t.virtualtransaction = l.virtualtransaction and t.locktype = 'transactionid'
        left join pg_prepared_xacts p on p.transaction = t.transactionid
        where l.locktype = 'relation' and l.granted and l.mode = 'RowExclusiveLock'
            and l.database = (select oid from pg_database where datname = current_database())
            and l.relation in (select oid from tree)
        order by l.virtualtransaction
        """;

    private HashSet<string> _before = [];

    public string Subject => "Open writers on the log";

    public async Task BeginAsync(ExaminedDatabase database, CancellationToken cancellationToken) =>
        _before = [.. (await ReadAsync(database, cancellationToken)).Select(static writer => writer.Transaction)];

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken) =>
        [.. Judge(_before, await ReadAsync(database, cancellationToken), database.Limits, database.HiddenSession)];

    public static IEnumerable<Finding> Judge(IReadOnlySet<string> before, IReadOnlyList<OpenWriter> now, DoctorLimits limits, string? hidden)
    {
        foreach (var writer in now)
        {
            // Where its age may not be seen, it is at least as old as this examination.
            if (writer.Age is { } age ? age < limits.OpenWriter : !before.Contains(writer.Transaction))
                continue;
            var who = writer.PreparedAs is { } name ? $"prepared transaction '{name}'" : Words.Session(writer.Pid, writer.Application);
            var since = writer.Age is { } known ? $"for {Words.Of(known)}" : $"for more than {Words.Of(limits.Watch)}";
            var end = writer.PreparedAs is { } prepared ? $"`commit prepared '{prepared}'` or `rollback prepared '{prepared}'`" : $"`select pg_terminate_backend({writer.Pid})`";
            yield return new Finding(
                Severity.Warning,
                Codes.WriterOpen,
                $"A transaction that writes to the log has been open {since}{(writer.State is null ? "" : $" ({writer.State})")}; no projection can pass the position where it began.",
                who,
                $"Let it commit or roll back; if nobody will, {end}. Writers should append as the last thing in their transactions.",
                writer.Age is null ? hidden : null);
        }
    }

    private static Task<IReadOnlyList<OpenWriter>> ReadAsync(ExaminedDatabase database, CancellationToken cancellationToken) => database.ReadAsync(
        Sql,
        static row => new OpenWriter(
            row.GetString(0),
            row.IsDBNull(1) ? null : row.GetInt32(1),
            row.IsDBNull(2) ? null : row.GetString(2),
            row.IsDBNull(3) ? null : row.GetString(3),
            row.IsDBNull(4) ? null : row.GetString(4),
            row.IsDBNull(5) ? null : row.GetTimeSpan(5)),
        cancellationToken);
}
