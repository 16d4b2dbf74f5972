using Pup.Grains.Schema;
using Pup.Silo.Clustering;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Whether all tables are there, in this build's version.</summary>
internal sealed class SchemaCheck : ICheck
{
    private const string MigratedSql = "select to_regclass('projection_migrations') is not null, coalesce(current_schema(), '')";

    private const string VersionsSql = "select version, name from projection_migrations";

    public string Subject => "The schema";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var (isMigrated, schema) = (await database.ReadAsync(MigratedSql, static row => (row.GetBoolean(0), row.GetString(1)), cancellationToken))[0];
        var applied = isMigrated ? await database.ReadAsync(VersionsSql, static row => (row.GetInt32(0), row.GetString(1)), cancellationToken) : [];
        var missing = await ClusterSchema.MissingAsync(database.Connection, cancellationToken);
        if (missing.Count == ClusterSchema.Tables)
            database.Note($"Schema {ClusterSchema.Name} is not there: silos cannot form a cluster before `pup migrate`.");
        return [.. Judge($"database {database.Name}, schema {schema}", isMigrated, applied, [.. Migration.All.Select(static step => (step.Version, step.Name))]), .. JudgeCluster(missing)];
    }

    public static IEnumerable<Finding> Judge(
        string where, bool isMigrated, IReadOnlyList<(int Version, string Name)> applied, IReadOnlyList<(int Version, string Name)> known)
    {
        var missing = known.Where(step => applied.All(done => done.Version != step.Version)).Select(static step => step.Name).ToList();
        var newer = applied.Where(done => known.All(step => step.Version != done.Version)).Select(static done => done.Name).ToList();
        if (!isMigrated)
            yield return new Finding(Severity.Error, Codes.SchemaMissing, "Pup's tables are not there.", where, "Run `pup migrate`; if they are in another schema, name it as Search Path in DATABASE_URL.");
        else if (missing.Count > 0)
            yield return new Finding(Severity.Error, Codes.SchemaOlder, $"The schema lacks {string.Join(", ", missing)}.", where, "Run `pup migrate`.");
        if (newer.Count > 0)
            yield return new Finding(Severity.Warning, Codes.SchemaNewer, $"The schema has {string.Join(", ", newer)}, which this build does not know.", where, "Use the build that migrated it, or a later one.");
    }

    // None at all are the mark of a database that no cluster has used, such as a demo's.
    public static IEnumerable<Finding> JudgeCluster(IReadOnlyList<string> missing)
    {
        if (missing.Count is > 0 and < ClusterSchema.Tables)
            yield return new Finding(Severity.Error, Codes.SchemaOlder, $"Orleans' tables {string.Join(", ", missing)} are not there.", $"schema {ClusterSchema.Name}", "Run `pup migrate`.");
    }
}
