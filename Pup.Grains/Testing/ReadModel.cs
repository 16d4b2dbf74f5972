using Npgsql;
using NpgsqlTypes;

namespace Pup.Grains.Testing;

/// <summary>The tables that projections write, and all their rows.</summary>
internal sealed class ReadModel(NpgsqlDataSource dataSource, uint[] ownTables, ReadModelChecks checks)
{
    // Makes a statement for each table: names of tables and columns cannot travel as parameters, and only the server knows how to quote
    // them. `position` and `updated_at` of a document tell in which batch it was written.
    private const string TablesSql = """
        select c.oid::regclass::text, s.ignored, format('select %s, (to_jsonb(t) - $1)::text from %s as t', coalesce(k.key, ''''''), c.oid::regclass)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (
            select case when obj_description(c.oid, 'pg_class') like 'Documents of projection %' then $2::text[] || '{position,updated_at}'::text[] else $2 end as ignored) as s
        left join lateral (
            select case when bool_and(a.attname <> all(s.ignored)) then format('jsonb_build_array(%s)::text', string_agg(format('t.%I', a.attname), ', ' order by p.place)) end as key
            from pg_index i
            cross join unnest(i.indkey) with ordinality as p (attribute, place)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = p.attribute
            where i.indrelid = c.oid and i.indisprimary) as k on true
        where c.relkind in ('r', 'p') and not c.relispartition and c.oid <> all($1::oid[])
            and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%' and n.nspname not like 'pg_temp%'
        order by 1
        """;

    private const string HasColumnSql = """
        select exists (select from pg_attribute where attrelid = $1::regclass and attname = $2 and attnum > 0 and not attisdropped)
        """;

    /// <exception cref="InvalidOperationException">There is nothing to compare, or a table or column that is not there.</exception>
    public async Task<IReadOnlyList<TableRows>> ReadAsync(CancellationToken cancellationToken)
    {
        var tables = Choose(await TablesAsync(cancellationToken));
        foreach (var column in checks.IgnoredColumns)
            await RequireAsync(column, tables, cancellationToken);
        var all = new List<TableRows>();
        foreach (var table in tables)
            all.Add(await RowsAsync(table, cancellationToken));
        return all;
    }

    private List<Table> Choose(List<Table> there)
    {
        if (there.Count == 0)
            throw new InvalidOperationException("There is no table to compare: make it in PrepareReadModelAsync of the projection, or by ExecuteAsync of the kit.");
        var unknown = checks.Tables.FirstOrDefault(name => there.All(table => table.Name != name));
        if (unknown is not null)
            throw new InvalidOperationException($"There is no table '{unknown}' in the read model; there are {string.Join(", ", there.Select(table => table.Name))}.");
        return checks.Tables.Count == 0 ? there : there.FindAll(table => checks.Tables.Contains(table.Name));
    }

    private async Task RequireAsync(string column, List<Table> tables, CancellationToken cancellationToken)
    {
        foreach (var table in tables)
        {
            await using var command = dataSource.CreateCommand(HasColumnSql);
            command.Parameters.Add(new() { Value = table.Name });
            command.Parameters.Add(new() { Value = column });
            if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
                return;
        }

        throw new InvalidOperationException($"No table that is compared has a column '{column}', which IgnoredColumns names.");
    }

    private async Task<List<Table>> TablesAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(TablesSql);
        command.Parameters.Add(new() { Value = ownTables, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid });
        command.Parameters.Add(new() { Value = checks.IgnoredColumns.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<Table>();
        while (await reader.ReadAsync(cancellationToken))
            tables.Add(new Table(reader.GetString(0), reader.GetFieldValue<string[]>(1), reader.GetString(2)));
        return tables;
    }

    private async Task<TableRows> RowsAsync(Table table, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(table.Select);
        command.Parameters.Add(new() { Value = table.Ignored });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<TableRow>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(new TableRow(reader.GetString(0), reader.GetString(1)));
        rows.Sort();
        return new TableRows(table.Name, rows);
    }

    private sealed record Table(string Name, string[] Ignored, string Select);
}
