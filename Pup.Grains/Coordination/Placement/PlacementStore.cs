using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination.Placement;

/// <summary>What silos tell each other through the database: which projections they host. And who owns which partition.</summary>
internal sealed class PlacementStore(NpgsqlDataSource dataSource)
{
    // Rows of silos that stopped saying so are swept by whoever comes by.
    private const string AnnounceSql = """
        with swept as (delete from projection_silos where updated_at < now() - interval '10 minutes' and silo <> $1)
        insert into projection_silos (silo, projection_name, configured_partitions)
        select $1, name, partitions from unnest($2::text[], $3::int[]) as hosted (name, partitions)
        on conflict (silo, projection_name) do update set configured_partitions = excluded.configured_partitions, updated_at = now()
        """;

    // Also hosting nothing must be said: of a silo that says nothing nobody knows whether it is about to.
    private static readonly (string Name, int Partitions)[] _nothing = [("", 0)];

    /// <summary>Says what this silo hosts; again from time to time, since it is forgotten after ten minutes.</summary>
    public async Task AnnounceAsync(string silo, IReadOnlyCollection<ProjectionDefinition> projections, CancellationToken cancellationToken)
    {
        var hosted = projections.Count == 0 ? _nothing : [.. projections.Select(projection => (projection.Name, projection.Partitions))];
        await using var command = dataSource.CreateCommand(AnnounceSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = silo });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(hosted, static projection => projection.Name) });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = Array.ConvertAll(hosted, static projection => projection.Partitions) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string WithdrawSql = "delete from projection_silos where silo = $1";

    public async Task WithdrawAsync(string silo, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(WithdrawSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = silo });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string HostedSql = "select silo, projection_name from projection_silos";

    /// <returns>The projections of each silo that has said what it hosts, living or not.</returns>
    public async Task<ILookup<string, string>> HostedAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(HostedSql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(string Silo, string Projection)>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add((reader.GetString(0), reader.GetString(1)));
        return rows.ToLookup(row => row.Silo, row => row.Projection, StringComparer.Ordinal);
    }

    private const string ConfiguredSql = """
        select silo, max(configured_partitions) filter (where projection_name = $1) from projection_silos group by silo
        """;

    /// <returns>How many partitions of a projection each silo that has said what it hosts is configured with; null where it does not host it.</returns>
    public async Task<IReadOnlyDictionary<string, int?>> ConfiguredAsync(string projection, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(ConfiguredSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var counts = new Dictionary<string, int?>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
            counts[reader.GetString(0)] = reader.IsDBNull(1) ? null : reader.GetInt32(1);
        return counts;
    }

    private const string PartitionsSql = """
        select p.name, index, o.silo, p.state in ('running', 'rebuilding') and o.fault is null
        from projections p
        cross join lateral generate_series(0, p.partitions - 1) as index
        left join projection_partitions o on o.projection_name = p.name and o.partition = index
        """;

    public async Task<IReadOnlyList<PlacedPartition>> PartitionsAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(PartitionsSql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<PlacedPartition>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(new PlacedPartition(new PartitionKey(reader.GetString(0), reader.GetInt32(1)), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetBoolean(3)));
        return rows;
    }
}
