using Pup.Grains.Coordination;

namespace Pup.Silo.Doctor.Checks;

/// <summary>What projections themselves have written down: faults, parked keys, the need of a rebuild; and whether anybody runs them.</summary>
internal sealed class ProjectionsCheck : ICheck
{
    private const int MostAsked = 1_000;

    private const string Sql = """
        select p.name, p.state, p.state_reason, p.partitions,
            (select count(distinct ordering_key) from projection_dead_letters d where d.projection_name = p.name and d.status <> 'skipped'),
            (select count(*) from projection_dead_letters d where d.projection_name = p.name and d.status = 'skipped'),
            (select split_part(d.error, E'\n', 1) from projection_dead_letters d where d.projection_name = p.name and d.error is not null order by d.global_position limit 1),
            (select min(coalesce(c.last_global_position, 0))
                from generate_series(0, p.partitions - 1) as index
                left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end),
            (select coalesce(max(global_position), 0) from events)
        from projections p order by p.name
        """;

    private const string FaultsSql = "select projection_name, partition, fault from projection_partitions where fault is not null order by projection_name, partition";

    public string Subject => "The projections' states";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        var faults = (await database.ReadAsync(FaultsSql, static row => (Name: row.GetString(0), Partition: row.GetInt32(1), Fault: row.GetString(2)), cancellationToken))
            .ToLookup(static fault => fault.Name, static fault => (fault.Partition, fault.Fault), StringComparer.Ordinal);
        var rows = await database.ReadAsync(
            Sql,
            row => (Facts: new ProjectionFacts
            {
                Name = row.GetString(0),
                State = row.GetString(1),
                Reason = row.IsDBNull(2) ? null : row.GetString(2),
                Faults = [.. faults[row.GetString(0)]],
                ParkedKeys = row.GetInt64(4),
                Skipped = row.GetInt64(5),
                Error = row.IsDBNull(6) ? null : row.GetString(6),
                Position = row.GetInt64(7),
                LogEnd = row.GetInt64(8),
                IsHosted = database.Silos.Host(row.GetString(0)),
            }, Partitions: row.GetInt32(3)),
            cancellationToken);
        var waiting = await WaitingAsync(database, rows.SelectMany(row => Enumerable.Range(0, row.Partitions).Select(index => new PartitionKey(row.Facts.Name, index))), cancellationToken);
        if (database.Silos is { AreKnown: true, Count: 0 } && rows.Count > 0)
            database.Note("No silo is running.");
        foreach (var (facts, _) in rows)
            Note(database, facts);
        return [.. rows.SelectMany(row => Judge(row.Facts with { Waiting = [.. waiting[row.Facts.Name]] }))];
    }

    public static IEnumerable<Finding> Judge(ProjectionFacts projection)
    {
        var where = $"projection {projection.Name}";
        foreach (var (partition, fault) in projection.Faults)
        {
            var isForeign = fault.StartsWith("Foreign writer", StringComparison.Ordinal);
            yield return new Finding(
                Severity.Error,
                isForeign ? Codes.ForeignWriter : Codes.Faulted,
                fault,
                $"{where}, partition {partition}",
                isForeign
                    ? $"Find out who moves checkpoints (a Go worker, an update by hand) and stop it; then `pup resume {projection.Name}`, or `pup rebuild {projection.Name}` if the read model no longer matches."
                    : $"Fix the cause, then `pup resume {projection.Name}`.");
        }

        // What was not written down passes by itself.
        foreach (var (partition, trouble) in projection.Waiting.Where(waiting => projection.Faults.All(fault => fault.Partition != waiting.Partition)))
            yield return new Finding(Severity.Error, Codes.Faulted, trouble, $"{where}, partition {partition}", "Give the database what it lacks; the partition then goes on by itself.");

        if (projection.State == "needs_rebuild")
        {
            yield return new Finding(
                Severity.Error, Codes.NeedsRebuild, $"It does not run: {projection.Reason ?? "its read model was built otherwise"}.", where,
                $"`pup rebuild {projection.Name}`, or deploy what its read model was built with.");
        }

        if (projection.ParkedKeys > 0)
        {
            yield return new Finding(
                Severity.Warning, Codes.Parked, $"{Words.Count(projection.ParkedKeys, "ordering key")} {(projection.ParkedKeys == 1 ? "is" : "are")} parked behind events that could not be applied{(projection.Error is null ? "" : ": " + projection.Error.TrimEnd('.'))}.", where,
                $"See `pup dead-letters list {projection.Name}`; fix the cause, then `pup dead-letters retry {projection.Name} --all`.");
        }

        if (!projection.IsHosted && projection.State is "running" or "rebuilding" && projection.Position < projection.LogEnd)
        {
            yield return new Finding(
                Severity.Error, Codes.Unplaced, $"No living silo hosts it, and it is {projection.LogEnd - projection.Position} positions behind the log.", where,
                $"Start a silo that has it (`pup run`), or `pup catch-up {projection.Name}` once.");
        }
    }

    private static void Note(ExaminedDatabase database, ProjectionFacts projection)
    {
        if (projection.State == "paused")
            database.Note($"Projection {projection.Name} is paused; `pup resume {projection.Name}` lets it run.");
        if (projection.Skipped > 0)
            database.Note($"Projection {projection.Name} skipped {projection.Skipped} events, as its error policy says: `pup dead-letters list {projection.Name}`.");
    }

    private static async Task<ILookup<string, (int, string)>> WaitingAsync(ExaminedDatabase database, IEnumerable<PartitionKey> partitions, CancellationToken cancellationToken)
    {
        var told = database.Statuses is null || database.Silos.Count == 0 ? [] : await database.Statuses.ReadAsync([.. partitions.Take(MostAsked)], cancellationToken);
        return told.Where(static status => status is { State: "Faulted", Trouble: not null })
            .ToLookup(static status => status.Projection, static status => (status.Partition, status.Trouble!), StringComparer.Ordinal);
    }
}
