using Pup.Grains.Schema;
using Pup.Silo.Clustering;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Each privilege that a silo needs, for the role of this very connection.</summary>
internal sealed class PrivilegesCheck : ICheck
{
    public string Subject => "Privileges";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var missing = (await SchemaInspection.MissingPrivilegesAsync(database.Connection, cancellationToken)).ToList();
        if ((await ClusterSchema.MissingAsync(database.Connection, cancellationToken)).Count == 0)
            missing.AddRange(await ClusterSchema.MissingPrivilegesAsync(database.Connection, cancellationToken));
        return [.. missing.Select(Judge)];
    }

    public static Finding Judge(MissingPrivilege missing) => new(
        Severity.Error,
        Codes.PrivilegeMissing,
        $"Role '{missing.Role}' needs {missing.Privilege} on {missing.On}, without which a silo does not work.",
        missing.On,
        $"Run `{missing.Grant}` as the owner.");
}
