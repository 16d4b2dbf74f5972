using Npgsql;
using Pup.Client.Connections;

namespace Pup.Client.Operations.Status;

/// <summary>Reads all facts about projections, whether or not any silo is up.</summary>
internal sealed class StatusReader(ClientDatabase database, MembershipReader membership)
{
    /// <param name="projection">The one that is meant; null for all.</param>
    /// <param name="patient">Whether a server that is not there is waited for.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<Snapshot> ReadAsync(string? projection, bool patient, CancellationToken cancellationToken)
    {
        var living = await membership.ReadAsync(patient, cancellationToken);
        return await database.ReadAsync((source, token) => ReadAsync(source, projection, living, token), patient, cancellationToken);
    }

    private const string ExistsSql = "select exists (select from projections where name = $1)";

    public Task<bool> ExistsAsync(string projection, CancellationToken cancellationToken) => database.ReadAsync(
        async (source, token) =>
        {
            await using var command = source.CreateCommand(ExistsSql);
            command.Parameters.Add(Name(projection));
            return await command.ExecuteScalarAsync(token) is true;
        },
        patient: true,
        cancellationToken);

    // The log's end and all checkpoints in one snapshot. The limit keeps the planner from reading the checkpoints of all others.
    internal const string ProjectionsSql = """
        select p.name, p.state, p.state_reason, p.rebuild_started_at, p.rebuild_target, log.visible,
            a.positions, a.epochs, a.updated, a.faults, a.kinds, a.silos, a.troubles,
            coalesce(d.letters, 0)::bigint, d.partitions, d.keys,
            (select e.created_at from events e where e.global_position > a.smallest order by e.global_position limit 1)
        from projections p
        cross join (select coalesce(max(global_position), 0) as visible from events) log
        cross join lateral (
            select array_agg(f.last_global_position) as positions, array_agg(f.epoch) as epochs, array_agg(f.updated_at) as updated,
                array_agg(f.fault) as faults, array_agg(f.fault_kind) as kinds, array_agg(f.silo) as silos, array_agg(f.trouble) as troubles,
                coalesce(min(coalesce(f.last_global_position, 0)), 0) as smallest
            from (
                select c.last_global_position, c.epoch, c.updated_at, o.fault, o.fault_kind, o.silo, o.trouble
                from generate_series(0, p.partitions - 1) as i (index)
                left join lateral (
                    select k.last_global_position, k.epoch, k.updated_at from projection_checkpoints k
                    where k.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || i.index end limit 1) c on true
                left join projection_partitions o on o.projection_name = p.name and o.partition = i.index
                order by i.index) f) a
        left join lateral (
            select sum(g.letters) as letters, array_agg(g.partition) as partitions, array_agg(g.keys) as keys
            from (
                select (l.key_hash % p.partitions)::int as partition, count(*) as letters,
                    (count(distinct l.ordering_key) filter (where l.status <> 'skipped'))::int as keys
                from projection_dead_letters l where l.projection_name = p.name group by 1) g) d on true
        where $1::text is null or p.name = $1
        order by p.name
        """;

    internal const string LogStateSql = $"""
        select clock_timestamp(), m.mark, m.updated_at, pg_relation_filenode(s.seqrelid)::bigint = m.sequence_filenode,
            case when has_sequence_privilege(s.seqrelid, 'usage, select') then coalesce(pg_sequence_last_value(s.seqrelid), 0) end
        from (select 1) one
        left join projection_log_mark m on true
        left join pg_attribute a on a.attrelid = to_regclass('events') and a.attname = 'global_position'
        left join lateral ({LogSql.SequenceOfColumn}) s on true
        """;

    // Other roles' transaction start is null without pg_read_all_stats; the application name is not.
    internal const string WritersSql = $"""
        select w.pid, a.application_name, x.gid,
            extract(epoch from clock_timestamp() - coalesce(a.xact_start, x.prepared))::float8 as age
        from ({LogSql.Writers}) w
        left join pg_stat_activity a on a.pid = w.pid
        left join pg_locks l on w.pid is null and l.virtualtransaction = w.virtualtransaction and l.locktype = 'transactionid'
        left join pg_prepared_xacts x on x.transaction = l.transactionid
        order by age desc nulls last
        """;

    internal const string HostsSql = """
        select silo, projection_name, updated_at > now() - interval '2 minutes' from projection_silos where $1::text is null or projection_name = $1
        """;

    private static async Task<Snapshot> ReadAsync(NpgsqlDataSource source, string? projection, IReadOnlySet<string>? living, CancellationToken cancellationToken)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new(ProjectionsSql) { Parameters = { Name(projection) } });
        batch.BatchCommands.Add(new(LogStateSql));
        batch.BatchCommands.Add(new(WritersSql));
        batch.BatchCommands.Add(new(HostsSql) { Parameters = { Name(projection) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var projections = new List<ProjectionFacts>();
        while (await reader.ReadAsync(cancellationToken))
            projections.Add(ProjectionRow.Read(reader));
        await reader.NextResultAsync(cancellationToken);
        var log = await ReadLogAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var hosts = new List<HostFact>();
        while (await reader.ReadAsync(cancellationToken))
            hosts.Add(new HostFact(reader.GetString(0), reader.GetString(1), reader.GetBoolean(2)));
        return new Snapshot(projections, log, new ClusterFacts(living, hosts));
    }

    private static async Task<LogFacts> ReadLogAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(cancellationToken);
        var log = new LogFacts
        {
            Now = reader.GetFieldValue<DateTimeOffset>(0),
            Mark = reader.IsDBNull(1) ? null : reader.GetInt64(1),
            MarkRoseAt = reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2),
            IsSameSequence = reader.IsDBNull(3) ? null : reader.GetBoolean(3),
            SequenceValue = reader.IsDBNull(4) ? null : reader.GetInt64(4),
        };
        await reader.NextResultAsync(cancellationToken);
        var writers = new List<OpenWriter>();
        while (await reader.ReadAsync(cancellationToken))
        {
            writers.Add(new OpenWriter(
                reader.IsDBNull(0) ? null : reader.GetInt32(0),
                reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.IsDBNull(3) ? null : TimeSpan.FromSeconds(reader.GetDouble(3))));
        }

        return log with { Writers = writers };
    }

    private static NpgsqlParameter Name(string? projection) =>
        new() { Value = (object?)projection ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };
}
