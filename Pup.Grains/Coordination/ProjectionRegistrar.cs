using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>
/// Makes a projection known to the database, once, and afterwards compares what is deployed with what the read model was built
/// with. Checkpoints that pupsourcing's workers left are adopted and continued from exactly.
/// </summary>
internal static class ProjectionRegistrar
{
    /// <exception cref="InvalidOperationException">Existing checkpoints do not fit the configured number of partitions.</exception>
    public static async Task RegisterAsync(NpgsqlDataSource dataSource, ProjectionDefinition definition, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await InsertAsync(connection, definition, cancellationToken))
        {
            await AdoptAsync(connection, definition, cancellationToken);
            await ReadModelHooks.PrepareAsync(definition.Create(), 0, connection, transaction, cancellationToken);
        }
        else
        {
            await CompareAsync(connection, definition, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private const string InsertSql = """
        insert into projections (name, partitions, configured_partitions, key_signature, scope_signature, read_model_version)
        values ($1, $2, $2, $3, $4, $5)
        on conflict (name) do nothing
        """;

    private static async Task<bool> InsertAsync(NpgsqlConnection connection, ProjectionDefinition definition, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(InsertSql, connection)
        {
            Parameters =
            {
                new() { Value = definition.Name },
                new() { Value = definition.Partitions },
                new() { Value = definition.KeySignature },
                new() { Value = definition.Scope.Signature },
                new() { Value = definition.ReadModelVersion },
            },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    // Rows of 'orders_price' are none of 'orders', and are not to be locked with them.
    private const string RowsSql = """
        select projection_name from projection_checkpoints
        where projection_name = $1 or (starts_with(projection_name, $1 || '_p') and substr(projection_name, length($1) + 3) ~ '^[0-9]+$')
        order by projection_name
        for update
        """;

    private const string CreateRowsSql = """
        insert into projection_checkpoints (projection_name) select unnest($1::text[]) on conflict (projection_name) do nothing
        """;

    private static async Task AdoptAsync(NpgsqlConnection connection, ProjectionDefinition definition, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        await using (var command = new NpgsqlCommand(RowsSql, connection) { Parameters = { new() { Value = definition.Name } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                found.Add(reader.GetString(0));
        }

        if (Adoption.Problem(definition.Name, definition.Partitions, found) is { } problem)
            throw new InvalidOperationException(problem);

        var rows = Enumerable.Range(0, definition.Partitions).Select(index => CheckpointName.Of(definition.Name, index, definition.Partitions));
        await using var create = new NpgsqlCommand(CreateRowsSql, connection) { Parameters = { new() { Value = rows.ToArray() } } };
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    // The stored signatures are those the read model was built with; only a rebuild replaces them. A deployment that goes back to
    // them also takes back the state that its predecessor caused.
    private const string CompareSql = """
        update projections p set
            state = case when d.reason is not null then 'needs_rebuild' when p.state_reason like 'Deployed: %' then 'running' else p.state end,
            state_reason = case when d.reason is not null then 'Deployed: ' || d.reason when p.state_reason like 'Deployed: %' then null else p.state_reason end,
            updated_at = now()
        from (select concat_ws('; ',
                case when key_signature <> $2 then 'ordering key ' || $2 || ', built with ' || key_signature end,
                case when scope_signature <> $3 then 'scope ' || $3 || ', built with ' || scope_signature end,
                case when read_model_version <> $4 then 'read model version ' || $4 || ', built with ' || read_model_version end) as difference
            from projections where name = $1) as c
        cross join lateral (select nullif(c.difference, '') as reason) as d
        where p.name = $1 and (d.reason is not null or p.state_reason like 'Deployed: %')
        """;

    private static async Task CompareAsync(NpgsqlConnection connection, ProjectionDefinition definition, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CompareSql, connection)
        {
            Parameters =
            {
                new() { Value = definition.Name },
                new() { Value = definition.KeySignature },
                new() { Value = definition.Scope.Signature },
                new() { Value = definition.ReadModelVersion },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
