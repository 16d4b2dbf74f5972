using Pup.Client;
using Pup.Grains.Coordination;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Deadlocks, as partitions and the server count them.</summary>
internal sealed class DeadlocksCheck : ICheck
{
    private const int MostAsked = 1_000;

    private const string Sql = "select coalesce(deadlocks, 0), stats_reset from pg_stat_database where datname = current_database()";

    private const string PartitionsSql = "select name, partitions from projections order by name";

    private long _before;

    public string Subject => "Deadlocks";

    public async Task BeginAsync(ExaminedDatabase database, CancellationToken cancellationToken) => _before = (await CountAsync(database, cancellationToken)).Count;

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var (count, since) = await CountAsync(database, cancellationToken);
        if (count > 0 && count == _before)
            database.Note($"The server has counted {count} deadlocks in this database{(since is { } reset ? $" since {reset:u}" : "")}; none while it was watched.");
        return [.. Judge($"database {database.Name}", _before, count, await AskAsync(database, cancellationToken))];
    }

    public static IEnumerable<Finding> Judge(string where, long before, long now, IReadOnlyList<PartitionStatus> statuses)
    {
        foreach (var projection in statuses.Where(static status => status.Deadlocks > 0).GroupBy(static status => status.Projection))
        {
            yield return new Finding(
                Severity.Warning,
                Codes.Deadlocks,
                $"Its batches have met {projection.Sum(static status => status.Deadlocks)} deadlocks since its silos started it. Each was rolled back and tried again, so nothing is lost but time.",
                $"projection {projection.Key}, {(projection.Count() == 1 ? "partition" : "partitions")} {Words.Some(projection.Select(static status => $"{status.Partition}"))}",
                "Partitions that write the same rows should do so in one order, or own them: partition by what the row is keyed by. The server's log names both statements.");
        }

        if (now > before)
        {
            yield return new Finding(
                Severity.Warning,
                Codes.Deadlocks,
                $"The server met {now - before} deadlocks while it was watched, {now} in all.",
                where,
                "The server's log names both statements. Whoever writes the same rows should do so in one order.");
        }
    }

    private static async Task<(long Count, DateTime? Since)> CountAsync(ExaminedDatabase database, CancellationToken cancellationToken) => (await database.ReadAsync(
        Sql, static row => (row.GetInt64(0), row.IsDBNull(1) ? (DateTime?)null : row.GetDateTime(1)), cancellationToken))[0];

    private static async Task<IReadOnlyList<PartitionStatus>> AskAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        if (database.Statuses is null || database.Silos.Count == 0)
            return [];
        var projections = await database.ReadAsync(PartitionsSql, static row => (Name: row.GetString(0), Partitions: row.GetInt32(1)), cancellationToken);
        var partitions = projections.Where(projection => database.Silos.Host(projection.Name))
            .SelectMany(static projection => Enumerable.Range(0, projection.Partitions).Select(index => new PartitionKey(projection.Name, index)));
        return await database.Statuses.ReadAsync([.. partitions.Take(MostAsked)], cancellationToken);
    }
}
