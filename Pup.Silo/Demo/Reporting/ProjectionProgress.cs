using Npgsql;

namespace Pup.Silo.Demo.Reporting;

/// <summary>Reads from the database, not from the silo, how far the projections are.</summary>
internal sealed class ProjectionProgress(NpgsqlDataSource dataSource)
{
    private static readonly string[] Names = ["file_activity", "author_activity", "directory_activity"];

    public NpgsqlDataSource DataSource => dataSource;

    // A missing checkpoint is position 0, never "caught up".
    private const string Rows = """
        select n.name,
               coalesce(p.state, 'running'),
               coalesce(p.partitions, 1),
               case when p.name is null then 0 else
                   (select min(coalesce(c.last_global_position, 0))
                    from generate_series(0, p.partitions - 1) k
                    left join projection_checkpoints c
                        on c.projection_name = case p.partitions when 1 then p.name else p.name || '_p' || k end)
               end,
               (select coalesce(max(global_position), 0) from events),
               (select count(*) from projection_dead_letters d where d.projection_name = n.name),
               (select error from projection_dead_letters d where d.projection_name = n.name and error is not null order by global_position limit 1),
               (select fault from projection_partitions f where f.projection_name = n.name and fault is not null order by partition limit 1)
        from unnest($1::text[]) as n (name)
        left join projections p on p.name = n.name
        """;

    public async Task<IReadOnlyList<ProjectionRow>> RowsAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Rows);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = Names });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ProjectionRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new ProjectionRow(
                reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), Text(6), Text(7)));
        }

        return rows;
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column).ReplaceLineEndings(" ");
    }

    public async Task<ProjectionState> ReadAsync(CancellationToken cancellationToken)
    {
        var rows = await RowsAsync(cancellationToken);
        return new ProjectionState(
            rows.Max(row => row.LogEnd),
            rows.Min(row => row.Position),
            rows.Sum(row => row.Position),
            rows.Count,
            rows.Select(row => row.Trouble).FirstOrDefault(trouble => trouble is not null));
    }

    private const string CountUpTo = "select count(*) from events where global_position <= $1";

    /// <summary>Events that every projection has seen.</summary>
    public async Task<long> EventsProjectedAsync(CancellationToken cancellationToken) =>
        await CountAsync((await ReadAsync(cancellationToken)).Position, cancellationToken);

    public async Task<long> CountAsync(long position, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(CountUpTo);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string ReadModel = "select coalesce(sum(changes), 0)::bigint, count(*) filter (where alive) from file_activity";

    /// <summary>From the read model itself: how many file events it has applied, and how many paths exist.</summary>
    public async Task<(long FileEvents, long LivePaths)> FilesAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(ReadModel);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }
}
