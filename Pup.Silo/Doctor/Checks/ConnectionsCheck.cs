namespace Pup.Silo.Doctor.Checks;

/// <summary>Whether the server has room for all that the silos may open.</summary>
internal sealed class ConnectionsCheck : ICheck
{
    // reserved_connections came with PostgreSQL 16.
    private const string Sql = """
        select current_setting('max_connections')::int,
            current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int,
            (select count(*) from pg_stat_activity where backend_type = 'client backend' and application_name not like 'pup%')
        """;

    public string Subject => "Connections";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var (most, reserved, others) = (await database.ReadAsync(Sql, static row => (row.GetInt32(0), row.GetInt32(1), row.GetInt64(2)), cancellationToken))[0];
        return [.. Judge(Math.Max(1, database.Silos.Count), database.Options.Workers, database.Cluster.ClusterConnections, most, reserved, others)];
    }

    /// <param name="silos">Living silos, or one that is to be started.</param>
    /// <param name="workers">Workers of each.</param>
    /// <param name="cluster">Connections of each for membership and reminders.</param>
    /// <param name="most">max_connections.</param>
    /// <param name="reserved">What of these is not for everybody.</param>
    /// <param name="others">What is open now and not Pup's.</param>
    public static IEnumerable<Finding> Judge(int silos, int workers, int cluster, int most, int reserved, long others)
    {
        // The pool, with the session that looks and the one that listens.
        var each = workers * 2 + 3 + cluster;
        var (needed, room) = (silos * each, most - reserved);
        if (needed + others > room)
        {
            yield return new Finding(
                needed > room ? Severity.Error : Severity.Warning,
                Codes.ConnectionBudget,
                $"{silos} silo{(silos == 1 ? "" : "s")} of {workers} workers may open {needed} connections (workers × 2 + 3, and {cluster} for the cluster, each); others have {others} open, and the server has room for {room}.",
                $"max_connections {most}, {reserved} reserved",
                $"Lower Workers to {Math.Max(1, ((int)((room - others) / silos) - 3 - cluster) / 2)} or fewer, run fewer silos, or raise max_connections.");
        }
    }
}
