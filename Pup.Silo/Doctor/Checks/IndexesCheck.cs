namespace Pup.Silo.Doctor.Checks;

/// <summary>Indexes that the feed needs and has not, that broke while they were made, and that nobody uses.</summary>
internal sealed class IndexesCheck : ICheck
{
    private const string Log = "events";

    private static readonly string[] _own = [Log, "aggregate_heads"];

    private const string IndexesSql = """
        select t.relname::text, i.relname::text,
            array(select a.attname::text from unnest(x.indkey::int2[]) with ordinality as k (attnum, ord)
                join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum order by k.ord),
            x.indisvalid and x.indisready, x.indpred is null, x.indisunique, coalesce(s.idx_scan, 0), pg_relation_size(i.oid)
        from pg_index x
        join pg_class t on t.oid = x.indrelid
        join pg_class i on i.oid = x.indexrelid
        left join pg_stat_user_indexes s on s.indexrelid = x.indexrelid
        where t.relnamespace = (select oid from pg_namespace where nspname = current_schema()) and t.relkind in ('r', 'p', 'm')
        order by t.relname, i.relname
        """;

    // One that is being made is not valid yet, and no fault.
    private const string InTheMakingSql = "select coalesce(index_relid::regclass::text, '') from pg_stat_progress_create_index where datname = current_database()";

    private const string ScopesSql = "select name, scope_signature from projections order by name";

    public string Subject => "Indexes";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var inTheMaking = await database.ReadAsync(InTheMakingSql, static row => row.GetString(0), cancellationToken);
        var indexes = await database.ReadAsync(
            IndexesSql,
            static row => new IndexFacts(
                row.GetString(0), row.GetString(1), row.GetFieldValue<string[]>(2), row.GetBoolean(3), row.GetBoolean(4), row.GetBoolean(5), row.GetInt64(6), row.GetInt64(7)),
            cancellationToken);
        var scopes = await database.ReadAsync(ScopesSql, static row => (row.GetString(0), row.GetString(1)), cancellationToken);
        return [.. Judge([.. indexes.Where(index => !inTheMaking.Contains(index.Name))], scopes, database.Limits)];
    }

    public static IEnumerable<Finding> Judge(IReadOnlyList<IndexFacts> indexes, IReadOnlyList<(string Name, string Scope)> projections, DoctorLimits limits)
    {
        foreach (var index in indexes.Where(static index => !index.IsValid))
        {
            yield return new Finding(
                Severity.Warning, Codes.IndexInvalid, "The index is invalid: making it failed half-way, so every write keeps it up to date and no read uses it.", $"index {index.Name} on {index.Table}",
                $"`drop index concurrently {index.Name}`, then make it anew.");
        }

        if (!Has(indexes, "global_position"))
        {
            yield return new Finding(
                Severity.Error, Codes.IndexMissing, "No index begins with global_position, so every read of the log scans all of it.", $"table {Log}",
                $"`create unique index concurrently events_position on {Log} (global_position)`.");
        }

        var scoped = projections.Where(static projection => !projection.Scope.EndsWith("events=", StringComparison.Ordinal)).Select(static projection => projection.Name).ToList();
        if (scoped.Count > 0 && !Has(indexes, "event_type", "global_position"))
        {
            yield return new Finding(
                Severity.Warning, Codes.IndexMissing, $"No index on (event_type, global_position), which projections that see only some event types read by: {Words.Some(scoped)}.", $"table {Log}",
                $"`create index concurrently idx_events_event_type on {Log} (event_type, global_position)`; it does not stop writers.");
        }

        foreach (var index in indexes.Where(index => index is { IsValid: true, IsConstraint: false, Scans: 0 } && index.Bytes >= limits.UnusedIndexBytes && IsReadModel(index.Table)))
        {
            yield return new Finding(
                Severity.Hint, Codes.IndexUnused, $"Nobody has used the index since the statistics began; it has {index.Bytes >> 20} MB, and every batch keeps it up to date.", $"index {index.Name} on {index.Table}",
                $"If no report that runs once in a while needs it, `drop index concurrently {index.Name}`.");
        }
    }

    private static bool IsReadModel(string table) => !_own.Contains(table) && !table.StartsWith("projection", StringComparison.Ordinal);

    private static bool Has(IReadOnlyList<IndexFacts> indexes, params string[] columns) =>
        indexes.Any(index => index is { Table: Log, IsValid: true, IsWhole: true } && index.Columns.Take(columns.Length).SequenceEqual(columns));
}
