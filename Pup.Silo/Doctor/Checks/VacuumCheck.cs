namespace Pup.Silo.Doctor.Checks;

/// <summary>Whether vacuum keeps up with Pup's own tables, a few rows that are written all the time.</summary>
internal sealed class VacuumCheck : ICheck
{
    private const string Sql = """
        select relname::text, n_live_tup, n_dead_tup, pg_table_size(relid),
            clock_timestamp() - greatest(last_vacuum, last_autovacuum)
        from pg_stat_user_tables
        where schemaname = current_schema() and relname in ('projection_checkpoints', 'projections', 'projection_partitions', 'projection_log_mark', 'projection_silos', 'aggregate_heads')
        order by relname
        """;

    // What keeps vacuum from clearing away: the oldest snapshot of any session, slot or prepared transaction.
    private const string OldestSql = """
        select pid, application_name, clock_timestamp() - xact_start
        from pg_stat_activity
        where backend_xmin is not null and xact_start is not null and pid <> pg_backend_pid()
        order by age(backend_xmin) desc limit 1
        """;

    private const string AutovacuumSql = "select current_setting('autovacuum')::bool";

    public string Subject => "Vacuum";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var tables = await database.ReadAsync(
            Sql,
            static row => new TableFacts(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetTimeSpan(4)),
            cancellationToken);
        var oldest = await database.ReadAsync(
            OldestSql, static row => (Session: Words.Session(row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1)), Age: row.GetTimeSpan(2)), cancellationToken);
        var isOn = (await database.ReadAsync(AutovacuumSql, static row => row.GetBoolean(0), cancellationToken))[0];
        var inTheWay = oldest is [{ Age.TotalMinutes: >= 1 } session] ? $"{session.Session}, whose transaction is {Words.Of(session.Age)} old" : null;
        return [.. Judge(tables, isOn, inTheWay, database.Limits, database.HiddenSession)];
    }

    public static IEnumerable<Finding> Judge(IReadOnlyList<TableFacts> tables, bool isOn, string? inTheWay, DoctorLimits limits, string? hidden)
    {
        foreach (var table in tables.Where(table => table.Dead >= limits.DeadRows && table.Dead > table.Live))
        {
            yield return new Finding(
                Severity.Warning,
                Codes.VacuumBehind,
                $"It has {table.Dead} dead row versions beside {table.Live} rows, in {table.Bytes >> 10} kB; every commit of a batch looks through them. "
                    + (table.SinceVacuum is { } since ? $"It was last vacuumed {Words.Of(since)} ago." : "It was never vacuumed.")
                    + (isOn ? "" : " Autovacuum is off."),
                $"table {table.Table}",
                inTheWay is not null ? $"End {inTheWay}: nothing newer can be cleared away; then `vacuum {table.Table}`."
                    : isOn ? $"`vacuum {table.Table}`; if it comes back, look for old transactions, replication slots and settings of the table that slow autovacuum down."
                    : $"Turn autovacuum on; `vacuum {table.Table}`.",
                hidden);
        }
    }
}
