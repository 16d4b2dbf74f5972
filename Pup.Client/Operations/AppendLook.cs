using Npgsql;

namespace Pup.Client.Operations;

/// <summary>
/// What the database says of an append and a projection, in one statement and so of one moment: how many partitions there are, where
/// those stand that have to apply it, and whether an event of it is a dead letter. Whatever a commit, a rebuild or a repartition
/// changes, it changes in one transaction; so this is never between two of them.
/// </summary>
internal sealed record AppendLook
{
    public required int Partitions { get; init; }

    /// <summary>As it stands in the table.</summary>
    public required string State { get; init; }

    public string? Reason { get; init; }

    public required string KeySignature { get; init; }

    public required string ScopeSignature { get; init; }

    /// <summary>An event of the append that was not applied, in words; null when there is none.</summary>
    public string? DeadLetter { get; init; }

    public required IReadOnlyList<AppendShare> Shares { get; init; }

    // Once for the statement, however many shares there are.
    private const string Projection = """
        with p as materialized (
            select name, partitions, state, state_reason, key_signature, scope_signature,
                (select format('The event at position %s (%s) was not applied: it is a dead letter, %s, of ordering key ''%s''.',
                        d.global_position, d.event_type, d.status, d.ordering_key)
                    from projection_dead_letters d
                    where d.projection_name = projections.name and d.global_position = any($2)
                    order by d.global_position limit 1) as dead_letter
            from projections where name = $1)
        select p.partitions, p.state, p.state_reason, p.key_signature, p.scope_signature, p.dead_letter,
            w.position, w.hash, w.partition, c.last_global_position, c.applied::text, o.fault, o.silo
        from p
        left join lateral
        """;

    private const string OfKeys = """
         (select position, hash, (hash % p.partitions)::int as partition from unnest($2::bigint[], $3::bigint[]) as s (position, hash)) as w on true
        """;

    private const string OfAllPartitions = """
         (select (select max(position) from unnest($2::bigint[]) as position) as position, null::bigint as hash, index as partition
            from generate_series(0, p.partitions - 1) as index) as w on true
        """;

    private const string Partition = """

        left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || w.partition end
        left join projection_partitions o on o.projection_name = p.name and o.partition = w.partition
        """;

    /// <summary>Looks at the partitions that own these keys: position and hash of each.</summary>
    /// <returns>Null when there is no such projection.</returns>
    public static Task<AppendLook?> OfKeysAsync(
        NpgsqlDataSource dataSource, string projection, long[] positions, long[] hashes, CancellationToken cancellationToken) =>
        ReadAsync(dataSource, Projection + OfKeys + Partition, projection, positions, hashes, cancellationToken);

    /// <summary>Looks at every partition, for who does not know the keys.</summary>
    /// <returns>Null when there is no such projection.</returns>
    public static Task<AppendLook?> OfAllPartitionsAsync(
        NpgsqlDataSource dataSource, string projection, long[] positions, CancellationToken cancellationToken) =>
        ReadAsync(dataSource, Projection + OfAllPartitions + Partition, projection, positions, hashes: null, cancellationToken);

    private static async Task<AppendLook?> ReadAsync(
        NpgsqlDataSource dataSource, string sql, string projection, long[] positions, long[]? hashes, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = positions });
        if (hashes is not null)
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = hashes });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        AppendLook? look = null;
        var shares = new List<AppendShare>();
        while (await reader.ReadAsync(cancellationToken))
        {
            look ??= new AppendLook
            {
                Partitions = reader.GetInt32(0),
                State = reader.GetString(1),
                Reason = Text(reader, 2),
                KeySignature = reader.GetString(3),
                ScopeSignature = reader.GetString(4),
                DeadLetter = Text(reader, 5),
                Shares = shares,
            };
            if (!reader.IsDBNull(6))
                shares.Add(ReadShare(reader));
        }

        return look;
    }

    private static AppendShare ReadShare(NpgsqlDataReader reader) =>
        new(reader.GetInt64(6), reader.IsDBNull(7) ? null : (uint)reader.GetInt64(7), reader.GetInt32(8))
        {
            Stored = reader.IsDBNull(9) ? null : reader.GetInt64(9),
            Applied = Text(reader, 10),
            Fault = Text(reader, 11),
            Silo = Text(reader, 12),
        };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
