namespace Pup.Silo.Doctor;

/// <summary>The silos that are alive, and what they host.</summary>
internal sealed class LivingSilos(ILookup<string, string>? projectionsBySilo)
{
    /// <summary>Where it may not be seen: nothing is said to be without a silo then.</summary>
    public static LivingSilos Unknown { get; } = new(null);

    // A silo says what it hosts with each round of supervision. That of a demo, or of a test, is in no membership table.
    private const string AnnouncedSql = """
        select silo, projection_name from projection_silos where updated_at > now() - interval '2 min'
        """;

    private const string AliveSql = """
        select s.silo, s.projection_name
        from projection_silos s
        left join orleans.orleansmembershiptable m on m.address || ':' || m.port || '@' || m.generation = s.silo
        where case when m.address is null then s.updated_at > now() - interval '2 min'
            else m.status = 3 and m.iamalivetime > now() - interval '1 min' end
        """;

    private const string MembershipSql = """
        select exists (
            select from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'orleans' and c.relname = 'orleansmembershiptable'
                and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'))
        """;

    public bool AreKnown => projectionsBySilo is not null;

    public int Count => projectionsBySilo?.Count ?? 0;

    public bool Host(string projection) => projectionsBySilo?.Any(silo => silo.Contains(projection)) ?? true;

    public static async Task<LivingSilos> ReadAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var hasMembership = (await database.ReadAsync(MembershipSql, static row => row.GetBoolean(0), cancellationToken))[0];
        var rows = await database.ReadAsync(
            hasMembership ? AliveSql : AnnouncedSql, static row => (Silo: row.GetString(0), Projection: row.GetString(1)), cancellationToken);
        return new LivingSilos(rows.ToLookup(row => row.Silo, row => row.Projection, StringComparer.Ordinal));
    }
}
