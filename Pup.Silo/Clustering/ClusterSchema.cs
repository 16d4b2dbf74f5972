using System.Data;
using Npgsql;
using Pup.Grains.Schema;

namespace Pup.Silo.Clustering;

/// <summary>
/// Orleans' own tables, for membership and reminders, in a schema of their own. Its scripts create plainly, so each is run only
/// where its table is missing; all in one transaction under an advisory lock, so any number of processes may start at once.
/// </summary>
internal sealed class ClusterSchema(NpgsqlDataSource dataSource)
{
    public const string Name = "orleans";

    /// <summary>How many scripts there are, each known by one of its tables.</summary>
    public const int Tables = 3;

    private static readonly (string Script, string Table)[] Scripts =
        [("Main", "orleansquery"), ("Clustering", "orleansmembershiptable"), ("Reminders", "orleansreminderstable")];

    // Alone and first: what follows must see what the previous holder committed.
    private const string Lock = "select pg_advisory_xact_lock(7097350137503);";

    // Not `create schema if not exists`: that needs the privilege to create also where the schema is there.
    private const string CreateSchema = """
        do $pup$
        begin
            if to_regnamespace('orleans') is null then
                create schema orleans;
            end if;
        end
        $pup$;
        set local search_path = orleans;
        """;

    private static readonly string Blocks = string.Join("\n\n", Scripts.Select(script => $"""
        do $pup$
        begin
            if to_regclass('orleans.{script.Table}') is null then
                execute $orleans$
        {Read(script.Script)}
        $orleans$;
            end if;
        end
        $pup$;
        """));

    /// <summary>All of it as SQL; may be run again.</summary>
    public static string Script() => $"""

        -- Orleans' own tables, in the schema {Name}.
        begin isolation level read committed;
        {Lock}
        {CreateSchema}
        {Blocks}
        commit;

        """;

    /// <returns>Whether anything was missing.</returns>
    /// <exception cref="SchemaException">A privilege is missing.</exception>
    public async Task<bool> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
            await ExecuteAsync(connection, Lock, cancellationToken);
            if ((await MissingAsync(connection, cancellationToken)).Count == 0)
                return false;
            await ExecuteAsync(connection, CreateSchema, cancellationToken);
            await ExecuteAsync(connection, Blocks, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new SchemaException(
                $"Cannot create Orleans' tables in schema '{Name}' as role '{connection.UserName}': {e.MessageText}. "
                + "Grant it (`grant create on database …`), run `pup migrate` as the owner, or hand the owner the output of `pup migrate --script`.",
                e);
        }
    }

    /// <summary>What a silo needs and the database lacks, a line each; empty when all is there.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await MissingAsync(connection, cancellationToken) is { Count: > 0 } missing
            ? [$"Schema '{Name}' lacks Orleans' tables ({string.Join(", ", missing)}): run `pup migrate`."]
            : [.. (await MissingPrivilegesAsync(connection, cancellationToken)).Select(static privilege => privilege.ToString())];
    }

    // From the catalogue: to_regclass raises where the schema may not be used.
    private const string MissingSql = """
        select name from unnest($1::text[]) as name
        where not exists (select from pg_class join pg_namespace on pg_namespace.oid = relnamespace where nspname = 'orleans' and relname = name)
        """;

    /// <summary>Orleans' tables that are not there.</summary>
    public static async Task<IReadOnlyList<string>> MissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(MissingSql, connection)
        {
            Parameters = { new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(Scripts, static script => script.Table) } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            tables.Add(reader.GetString(0));
        return tables;
    }

    private const string PrivilegesSql = """
        select current_user::text, 'USAGE', 'schema orleans', format('grant usage on schema orleans to %I', current_user)
        where not has_schema_privilege('orleans', 'usage')
        union all
        select current_user, string_agg(privilege, ', ' order by number), 'table orleans.' || relname,
            format('grant select, insert, update, delete on all tables in schema orleans to %I', current_user)
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) with ordinality as every (privilege, number)
        where nspname = 'orleans' and relkind = 'r' and (relname <> 'orleansquery' or privilege = 'SELECT')
            and not has_table_privilege(pg_class.oid, privilege)
        group by relname
        """;

    /// <summary>Which privileges on Orleans' tables a silo lacks; the schema must be there.</summary>
    public static async Task<IReadOnlyList<MissingPrivilege>> MissingPrivilegesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PrivilegesSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var missing = new List<MissingPrivilege>();
        while (await reader.ReadAsync(cancellationToken))
            missing.Add(new MissingPrivilege(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return missing;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // Waiting for another migrator takes as long as it takes.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Read(string script)
    {
        using var reader = new StreamReader(typeof(ClusterSchema).Assembly.GetManifestResourceStream(typeof(ClusterSchema), script + ".sql")!);
        return reader.ReadToEnd().TrimEnd();
    }
}
