namespace Pup.Client.Connections;

/// <summary>Statements on the log whose meaning must be the same wherever they are used.</summary>
internal static class LogSql
{
    // The default of the column, or the identity that it is. Of the row `a` of pg_attribute that stands before it.
    public const string SequenceOfColumn = """
        select q.* from pg_sequence q where q.seqrelid in (
            select d.refobjid from pg_attrdef f
            join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
            where f.adrelid = a.attrelid and f.adnum = a.attnum
            union all
            select d.objid from pg_depend d
            where d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
              and d.classid = 'pg_class'::regclass and d.deptype = 'i')
        limit 1
        """;

    // Exactly RowExclusiveLock: VACUUM and CREATE INDEX CONCURRENTLY hold another mode for their whole run, and write nothing.
    public const string Writers = """
        with recursive tree(oid) as (
            select to_regclass('events')::oid
            union
            select i.inhrelid from pg_inherits i join tree t on i.inhparent = t.oid)
        select distinct l.virtualtransaction, l.pid
        from pg_locks l
        where l.locktype = 'relation' and l.granted and l.mode = 'RowExclusiveLock'
          and l.database = (select oid from pg_database where datname = current_database())
          and l.relation in (select oid from tree)
        """;
}
