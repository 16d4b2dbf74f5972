using Pup.Client;
using Pup.Grains.Coordination;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Partitions that do not move although there is something for them, and projections that are far behind.</summary>
internal sealed class ProgressCheck : ICheck
{
    private const int MostAsked = 1_000;

    private const string LogSql = "select coalesce((select max(global_position) from events), 0), coalesce((select mark from projection_log_mark), 0)";

    private const string PartitionsSql = """
        select p.name, index, p.state in ('running', 'rebuilding') and o.fault is null, p.state = 'rebuilding',
            c.last_global_position, clock_timestamp() - c.updated_at, o.silo
        from projections p
        cross join lateral generate_series(0, p.partitions - 1) as index
        left join projection_partitions o on o.projection_name = p.name and o.partition = index
        left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
        order by p.name, index
        """;

    private ProgressSample? _before;

    public string Subject => "The projections' progress";

    public async Task BeginAsync(ExaminedDatabase database, CancellationToken cancellationToken) => _before = await ReadAsync(database, cancellationToken);

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken) =>
        [.. Judge(_before!, await ReadAsync(database, cancellationToken), database.Silos.Host, database.Limits)];

    public static IEnumerable<Finding> Judge(ProgressSample before, ProgressSample after, Func<string, bool> isHosted, DoctorLimits limits)
    {
        var former = before.Partitions.ToDictionary(static partition => (partition.Projection, partition.Partition));
        foreach (var projection in after.Partitions.GroupBy(static partition => partition.Projection).Where(projection => isHosted(projection.Key)))
        {
            var running = projection
                .Where(static now => now.Runs)
                .Where(now => former.ContainsKey((now.Projection, now.Partition)))
                .Select(now => (Before: former[(now.Projection, now.Partition)], After: now))
                .ToList();
            var stuck = running.FindAll(pair => IsStuck(pair.Before, pair.After, before.Mark, limits));
            foreach (var (_, partition) in stuck)
                yield return Stuck(partition, after);
            var slow = running.Except(stuck).Where(pair => !pair.After.IsRebuilding && IsFarBehind(pair.After, after, limits)).ToList();
            if (slow.Count > 0)
                yield return FallingBehind(projection.Key, slow, before, after, limits);
        }
    }

    // Below the mark before, and there still: it had all the time that was watched, and more.
    private static bool IsStuck(PartitionProgress before, PartitionProgress after, long mark, DoctorLimits limits) =>
        before.Position == after.Position && (after.Position ?? 0) < mark && (after.Idle is null || after.Idle >= limits.StandsStill);

    // What has reached the mark waits for a writer, not for its handler.
    private static bool IsFarBehind(PartitionProgress now, ProgressSample sample, DoctorLimits limits) =>
        sample.LogEnd - (now.Position ?? 0) >= limits.Lag && (now.Position ?? 0) < sample.Mark;

    private static Finding Stuck(PartitionProgress partition, ProgressSample now)
    {
        var told = now.Statuses.FirstOrDefault(status => status.Projection == partition.Projection && status.Partition == partition.Partition);
        var idle = partition.Idle is { } age ? $"for {Words.Of(age)}" : "ever: it has no row";
        return new Finding(
            Severity.Error,
            Codes.Stuck,
            $"Its checkpoint has not moved {idle}, though the log can be read up to {now.Mark} and it stands at {partition.Position ?? 0}."
                + (told is null ? "" : $" Its silo says: {told.State}{(told.Trouble is null ? "" : ", " + told.Trouble)}."),
            $"projection {partition.Projection}, partition {partition.Partition}, on {partition.Silo ?? "no silo"}",
            $"Look at the other findings for a lock in its way; then for a loop or a hanging call in its handler, which becomes 'faulted' when its timeout is over. `pup restart {partition.Projection}` starts it anew from its checkpoint.",
            told is null ? "No silo told what the partition is doing." : null);
    }

    private static Finding FallingBehind(
        string projection, List<(PartitionProgress Before, PartitionProgress After)> slow, ProgressSample before, ProgressSample after, DoctorLimits limits)
    {
        var position = slow.Min(static pair => pair.After.Position ?? 0);
        var former = slow.Min(static pair => pair.Before.Position ?? 0);
        var (lag, formerLag) = (after.LogEnd - position, before.LogEnd - former);
        var seconds = Math.Max(0.001, limits.Watch.TotalSeconds);
        var pace = lag < formerLag
            ? $"it catches up in about {Words.Of(TimeSpan.FromSeconds(lag * seconds / (formerLag - lag)))}"
            : $"and it does not catch up: the log grew by {after.LogEnd - before.LogEnd} positions in {Words.Of(limits.Watch)}, it moved {position - former}";
        var shares = TimeShares.Of(projection, before.Statuses, after.Statuses);
        return new Finding(
            Severity.Warning,
            Codes.FallingBehind,
            $"It is {lag} positions behind the log; {pace}."
                + (shares is null ? "" : $" Its time goes {shares.Handler} % to the handler, {shares.Commit} % to commits, {shares.Wait} % to waiting."),
            $"projection {projection}, {(slow.Count == 1 ? $"partition {slow[0].After.Partition}" : $"{slow.Count} partitions")}",
            Advice(projection, shares),
            shares is null ? "Where its time goes is told by silos only, and none was asked or none answered." : null);
    }

    private static string Advice(string projection, TimeShares? shares) => shares switch
    {
        null => $"Make the handler cheaper, add partitions (`pup repartition {projection} N`) or silos, or raise BatchSize; look at the database's load.",
        { Handler: var handler, Commit: var commit, Wait: var wait } when handler >= commit && handler >= wait =>
            $"Make the handler cheaper: queue statements instead of awaiting each, or fold a batch. Or run it in more places at once: `pup repartition {projection} N`.",
        { Commit: var commit, Wait: var wait } when commit >= wait =>
            "The database takes most of the time: look at indexes and locks of the read model, and raise BatchSize, so that fewer commits do the same.",
        _ => "Its partitions wait for their turn or for the log to be read: raise Workers, or start more silos.",
    };

    private static async Task<ProgressSample> ReadAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        // The log first: a partition that moves on meanwhile is not taken for one that stands still.
        var (end, mark) = (await database.ReadAsync(LogSql, static row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken))[0];
        var partitions = await database.ReadAsync(
            PartitionsSql,
            static row => new PartitionProgress(
                row.GetString(0),
                row.GetInt32(1),
                row.GetBoolean(2),
                row.GetBoolean(3),
                row.IsDBNull(4) ? null : row.GetInt64(4),
                row.IsDBNull(5) ? null : row.GetTimeSpan(5),
                row.IsDBNull(6) ? null : row.GetString(6)),
            cancellationToken);
        return new ProgressSample(end, mark, partitions, await AskAsync(database, partitions, end, cancellationToken));
    }

    // Only those that are not at the end: who is has nothing to tell.
    private static async Task<IReadOnlyList<PartitionStatus>> AskAsync(
        ExaminedDatabase database, IReadOnlyList<PartitionProgress> partitions, long end, CancellationToken cancellationToken)
    {
        if (database.Statuses is null || database.Silos.Count == 0)
            return [];
        var behind = partitions.Where(partition => (partition.Position ?? 0) < end).Take(MostAsked).Select(static partition => new PartitionKey(partition.Projection, partition.Partition));
        return await database.Statuses.ReadAsync([.. behind], cancellationToken);
    }
}
