using Pup.Tests.Support;

namespace Pup.Tests.Schema;

/// <summary>What pg_catalog says of tables: columns, constraints, indexes, triggers and storage, as comparable lines.</summary>
internal static class Catalogue
{
    private const string Query = """
        with relations as (
            select oid, relname, relkind from pg_class
            where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'S', 'v')
              and (cardinality($1::text[]) = 0 or relname = any ($1)))
        select coalesce(string_agg(line, E'\n' order by line collate "C"), '') from (
            select format('%s %s', relkind, relname) from relations
            union all
            select format('%s.%s %s %s %s', relname, attname, format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
                (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum))
            from relations join pg_attribute on attrelid = oid where attnum > 0 and not attisdropped and relkind <> 'S'
            union all
            select format('%s constraint %s %s', relname, conname, pg_get_constraintdef(c.oid)) from relations r join pg_constraint c on conrelid = r.oid
            union all
            select format('%s index %s', relname, pg_get_indexdef(indexrelid)) from relations join pg_index on indrelid = oid
            union all
            select format('%s trigger %s', relname, pg_get_triggerdef(t.oid)) from relations r join pg_trigger t on tgrelid = r.oid where not tgisinternal
        ) as catalogue (line)
        """;

    public static Task<string> OfAsync(TestDatabase database, params string[] tables) =>
        database.ScalarAsync<string>(Query, [tables]);
}
