using System.Data;
using Npgsql;

namespace Pup.Grains.Schema;

/// <summary>
/// Brings the schema forward. All steps run in one transaction under one advisory lock, so any number of processes may
/// start at once, and a step that fails leaves nothing behind. The schema is the first one of the connection's Search Path.
/// </summary>
internal sealed class SchemaMigrator(NpgsqlDataSource dataSource)
{
    // The lock comes first, alone: what follows must see what the previous holder committed. Only then the lock timeout,
    // so that waiting for another migrator is no error, while an `alter table` never queues for long behind an old
    // transaction, with every reader of that table queueing behind it.
    private const string Lock = "select pg_advisory_xact_lock(7097350137502);";

    private const string Prologue = """
        set local lock_timeout = '10s';
        do $pup$
        begin
            if to_regclass('projection_migrations') is null then
                create table projection_migrations (
                    version int primary key,
                    name text not null,
                    applied_at timestamptz not null default now()
                );
            end if;
        end
        $pup$;
        """;

    private const string Applied = "select version from projection_migrations";

    /// <summary>The whole schema as SQL, for operators who apply it themselves. It may be run again, and against any older state.</summary>
    public static string Script() => $"""
        -- Run it with psql, in the schema that the silos' Search Path names, as a role that may create tables there:
        --   psql -v ON_ERROR_STOP=1 -f pup.sql
        begin isolation level read committed;
        {Lock}
        {Prologue}
        {string.Join("\n\n", Migration.All.Select(migration => migration.Block))}
        commit;

        """;

    /// <summary>Applies what is missing and gives its names, in order; none when the schema was up to date.</summary>
    /// <exception cref="SchemaException">A privilege is missing, a table is in use, or an adopted table is not a pupsourcing log.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var step = "the table projection_migrations";
        try
        {
            // Read committed whatever the role's default is: an older snapshot would not see what the lock waited for.
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
            await ExecuteAsync(connection, Lock, cancellationToken);
            await ExecuteAsync(connection, Prologue, cancellationToken);
            var applied = await AppliedAsync(connection, cancellationToken);
            var missing = Migration.All.Where(migration => !applied.Contains(migration.Version)).ToList();
            foreach (var migration in missing)
            {
                step = $"migration {migration.Name}";
                if (await SchemaInspection.ForeignTableAsync(connection, cancellationToken) is { } foreign)
                    throw new SchemaException(foreign);
                await ExecuteAsync(connection, migration.Block, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return [.. missing.Select(migration => migration.Name)];
        }
        catch (PostgresException error) when (!error.IsTransient || error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new SchemaException($"Cannot apply {step} as role '{connection.UserName}': {error.MessageText}. {Advice(error)}", error);
        }
    }

    /// <summary>What the engine needs and the database lacks, a readable line each; empty when all is there.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (!await SchemaInspection.TableExistsAsync(connection, "projection_migrations", cancellationToken))
            return [await SchemaInspection.NothingThereAsync(connection, cancellationToken)];

        IReadOnlySet<int> applied;
        try
        {
            applied = await AppliedAsync(connection, cancellationToken);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return [$"Role '{connection.UserName}' needs SELECT on table projection_migrations: {error.MessageText}."];
        }

        var missing = Migration.All.Where(migration => !applied.Contains(migration.Version)).Select(migration => migration.Name).ToList();
        return missing.Count > 0
            ? [$"The schema lacks {string.Join(", ", missing)}: run `pup migrate`."]
            : [.. (await SchemaInspection.MissingPrivilegesAsync(connection, cancellationToken)).Select(static privilege => privilege.ToString())];
    }

    private static string Advice(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.InsufficientPrivilege =>
            "Grant it (`grant create on schema …`, ownership of an adopted projection_checkpoints table), run `pup migrate` as the owner, or hand the owner the output of `pup migrate --script`.",
        PostgresErrorCodes.InvalidSchemaName =>
            "Create the schema that the connection's Search Path names, then run `pup migrate` again.",
        PostgresErrorCodes.LockNotAvailable =>
            "Another transaction has the table in use for more than 10 s; find it in pg_stat_activity, then run `pup migrate` again. Nothing was changed.",
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            "This is a standby or a read-only connection: run `pup migrate` against the primary.",
        _ => "Nothing was changed.",
    };

    private static async Task<IReadOnlySet<int>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Applied, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var versions = new HashSet<int>();
        while (await reader.ReadAsync(cancellationToken))
            versions.Add(reader.GetInt32(0));
        return versions;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        // Building an index, or waiting for another migrator, takes as long as it takes.
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
