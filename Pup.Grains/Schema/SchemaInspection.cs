using Npgsql;

namespace Pup.Grains.Schema;

/// <summary>What the catalogue says of the tables that the engine needs; reads only.</summary>
internal static class SchemaInspection
{
    public static async Task<bool> TableExistsAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        const string sql = "select to_regclass($1) is not null";
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = table } } };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static async Task<string> NothingThereAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql = "select current_database(), current_schema(), current_setting('search_path')";
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return await reader.IsDBNullAsync(1, cancellationToken)
            ? $"Database '{reader.GetString(0)}' has none of the schemas in the Search Path ({reader.GetString(2)}): create it, then run `pup migrate`."
            : $"Database '{reader.GetString(0)}', schema '{reader.GetString(1)}', has no Pup tables: run `pup migrate`.";
    }

    /// <summary>A table of one of our names that is somebody else's, in words, or null. Nothing of it may be touched.</summary>
    public static async Task<string?> ForeignTableAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql = """
            select expected.relation, string_agg(expected.attribute || ' ' || expected.type, ', ')
            from (values
                ('events', 'global_position', 'bigint'), ('events', 'bounded_context', 'text'),
                ('events', 'aggregate_type', 'text'), ('events', 'aggregate_id', 'text'),
                ('events', 'aggregate_version', 'bigint'), ('events', 'event_id', 'uuid'),
                ('events', 'event_type', 'text'), ('events', 'event_version', 'integer'),
                ('events', 'payload', 'bytea'), ('events', 'trace_id', 'text'),
                ('events', 'correlation_id', 'text'), ('events', 'causation_id', 'text'),
                ('events', 'metadata', 'jsonb'), ('events', 'created_at', 'timestamp with time zone'),
                ('aggregate_heads', 'bounded_context', 'text'), ('aggregate_heads', 'aggregate_type', 'text'),
                ('aggregate_heads', 'aggregate_id', 'text'), ('aggregate_heads', 'aggregate_version', 'bigint'),
                ('aggregate_heads', 'updated_at', 'timestamp with time zone'),
                ('projection_checkpoints', 'projection_name', 'text'),
                ('projection_checkpoints', 'last_global_position', 'bigint'),
                ('projection_checkpoints', 'updated_at', 'timestamp with time zone')
            ) as expected (relation, attribute, type)
            where to_regclass(expected.relation) is not null
              and not exists (
                select from pg_attribute as actual
                where actual.attrelid = to_regclass(expected.relation) and actual.attname = expected.attribute
                  and not actual.attisdropped and format_type(actual.atttypid, null) = expected.type)
            group by expected.relation
            order by expected.relation
            limit 1
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? $"Table '{reader.GetString(0)}' is there but is not pupsourcing v1's: it has no {reader.GetString(1)}. Nothing was changed; choose another schema by the connection's Search Path."
            : null;
    }

    /// <summary>Which privileges a running silo lacks, all of a table's in one.</summary>
    public static async Task<IReadOnlyList<MissingPrivilege>> MissingPrivilegesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql = """
            select current_user::text, string_agg(needed.privilege, ', ' order by needed.number), needed.kind || ' ' || needed.relation,
                format('grant %s on %s %s to %I', lower(string_agg(needed.privilege, ', ' order by needed.number)), needed.kind, needed.relation, current_user)
            from (
                select 'table' as kind, relation, privilege, 1 as number
                from (values ('events', 'SELECT')) as log (relation, privilege)
                union all
                select 'table', relation, privilege, number
                from unnest(array['projection_checkpoints', 'projections', 'projection_partitions', 'projection_dead_letters', 'projection_log_mark', 'projection_silos'])
                    as own (relation)
                cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) with ordinality as every (privilege, number)
                union all
                -- Who did what cannot be changed by a silo, only how it ended.
                select 'table', 'projection_audit', privilege, number
                from unnest(array['SELECT', 'INSERT', 'UPDATE (result, detail)']) with ordinality as own (privilege, number)
                union all
                select 'sequence', 'projection_epochs', 'USAGE', 1
                union all
                select 'sequence', pg_get_serial_sequence('events', 'global_position'), 'SELECT', 1
            ) as needed
            where to_regclass(needed.relation) is not null
              and not case
                when needed.privilege like 'UPDATE (%'
                    then has_column_privilege(to_regclass(needed.relation), 'result', 'UPDATE') and has_column_privilege(to_regclass(needed.relation), 'detail', 'UPDATE')
                when needed.kind = 'table' then has_table_privilege(to_regclass(needed.relation), needed.privilege)
                else has_sequence_privilege(to_regclass(needed.relation), needed.privilege) end
            group by needed.kind, needed.relation
            order by needed.kind desc, needed.relation
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var missing = new List<MissingPrivilege>();
        while (await reader.ReadAsync(cancellationToken))
            missing.Add(new MissingPrivilege(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return missing;
    }
}
