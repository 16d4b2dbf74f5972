namespace Pup.Client.Connections;

/// <summary>Statements on the log whose meaning must be the same wherever they are used.</summary>
internal static class LogSql
{
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
