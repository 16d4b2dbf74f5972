using System.Globalization;
using System.Reflection;

namespace Pup.Grains.Schema;

/// <summary>One forward step of the schema: an embedded <c>000N_what.sql</c>.</summary>
internal sealed record Migration(int Version, string Name, string Sql)
{
    /// <summary>All migrations of this build, oldest first.</summary>
    public static IReadOnlyList<Migration> All { get; } = Load();

    /// <summary>
    /// The step as it is run and as it is printed: it does nothing where it was applied before, so the printed script
    /// can be run again, and against any older state.
    /// </summary>
    public string Block { get; } = $"""
        do $pup$
        begin
            if not exists (select from projection_migrations where version = {Version}) then
                execute $migration$
        {Sql.TrimEnd()}
        $migration$;
                insert into projection_migrations (version, name) values ({Version}, '{Name}');
            end if;
        end
        $pup$;
        """;

    private static List<Migration> Load()
    {
        var assembly = typeof(Migration).Assembly;
        var prefix = typeof(Migration).Namespace + ".";
        return
        [
            .. from resource in assembly.GetManifestResourceNames()
               where resource.StartsWith(prefix, StringComparison.Ordinal) && resource.EndsWith(".sql", StringComparison.Ordinal)
               let name = resource[prefix.Length..^".sql".Length]
               let migration = new Migration(int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name, Read(assembly, resource))
               orderby migration.Version
               select migration,
        ];
    }

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
