using Npgsql;

namespace Pup.Grains.Telemetry;

/// <summary>Reads how far all projections are, in one round trip: two index lookups for each partition.</summary>
internal static class ProgressStore
{
    private const string LogSql = "select coalesce(max(global_position), 0), clock_timestamp() from events";

    private const string HostsSql = "select silo, projection_name from projection_silos";

    // 'infinity' cannot be subtracted from.
    private const string PartitionsSql = """
        select p.name, p.state, p.rebuild_target, index, c.last_global_position, o.silo, o.fault is not null,
            (select case when isfinite(e.created_at) then extract(epoch from clock_timestamp() - e.created_at)::float8 end
             from events e where e.global_position > coalesce(c.last_global_position, 0) order by e.global_position limit 1)
        from projections p
        cross join lateral generate_series(0, p.partitions - 1) as index
        left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
        left join projection_partitions o on o.projection_name = p.name and o.partition = index
        order by p.name, index
        """;

    private static readonly TimeSpan _longestAge = TimeSpan.FromDays(36_500);

    /// <param name="dataSource">The database.</param>
    /// <param name="living">The silos of the cluster.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ProgressReading> ReadAsync(NpgsqlDataSource dataSource, IReadOnlySet<string> living, CancellationToken cancellationToken)
    {
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(LogSql));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(HostsSql));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(PartitionsSql));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (position, now) = (reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1));

        await reader.NextResultAsync(cancellationToken);
        var hosts = new List<(string Silo, string Projection)>();
        while (await reader.ReadAsync(cancellationToken))
            hosts.Add((reader.GetString(0), reader.GetString(1)));

        await reader.NextResultAsync(cancellationToken);
        var projections = await ReadProjectionsAsync(reader, cancellationToken);
        return new ProgressReading(position, now, hosts.ToLookup(static host => host.Projection, static host => host.Silo, StringComparer.Ordinal), projections, living);
    }

    private static async Task<List<ProjectionProgress>> ReadProjectionsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var projections = new List<ProjectionProgress>();
        List<PartitionProgress> partitions = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            if (projections is not [.., { Name: var last }] || last != name)
                projections.Add(new ProjectionProgress(name, reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetInt64(2), partitions = []));
            partitions.Add(new PartitionProgress(
                reader.GetInt32(3),
                reader.IsDBNull(4) ? null : reader.GetInt64(4),
                reader.IsDBNull(5) ? null : reader.GetString(5),
                reader.GetBoolean(6),
                reader.IsDBNull(7) ? null : TimeSpan.FromSeconds(Math.Clamp(reader.GetDouble(7), 0, _longestAge.TotalSeconds))));
        }

        return projections;
    }
}
