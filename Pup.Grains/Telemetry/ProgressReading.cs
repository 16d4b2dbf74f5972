namespace Pup.Grains.Telemetry;

/// <summary>What one look at the database says of all projections.</summary>
/// <param name="logPosition">The greatest visible position.</param>
/// <param name="databaseTime">The database's clock.</param>
/// <param name="hosts">The silos that host each projection, living or not.</param>
/// <param name="projections">All projections.</param>
/// <param name="living">The silos of the cluster.</param>
internal sealed class ProgressReading(
    long logPosition, DateTimeOffset databaseTime, ILookup<string, string> hosts, IReadOnlyList<ProjectionProgress> projections, IReadOnlySet<string> living)
{
    /// <summary>States of partitions, in the order in which the first that holds is taken.</summary>
    public static IReadOnlyList<string> States { get; } = ["needs_rebuild", "paused", "faulted", "unplaced", "unowned", "rebuilding", "running"];

    /// <summary>The database's clock.</summary>
    public DateTimeOffset DatabaseTime => databaseTime;

    public IReadOnlyList<ProjectionProgress> Projections => projections;

    /// <summary>Never negative: the checkpoint may have moved past an end of the log that was read before it.</summary>
    public long LagOf(PartitionProgress partition) => Math.Max(0, logPosition - (partition.Position ?? 0));

    public string StateOf(ProjectionProgress projection, PartitionProgress partition) => projection.State switch
    {
        "needs_rebuild" or "paused" => projection.State,
        _ when partition.IsFaulted => "faulted",
        _ when !hosts[projection.Name].Any(living.Contains) => "unplaced",
        _ when OwnerOf(partition) is null => "unowned",
        _ => projection.State,
    };

    /// <summary>The living silo that owns the partition.</summary>
    public string? OwnerOf(PartitionProgress partition) => partition.Owner is { } owner && living.Contains(owner) ? owner : null;

    /// <summary>
    /// The one silo that shows the projection's lag: where partition 0 runs; where nobody runs it, also because nobody hosts the projection,
    /// the first of all silos. All that see the same decide the same.
    /// </summary>
    public string? ExporterOf(ProjectionProgress projection) =>
        OwnerOf(projection.Partitions[0]) ?? hosts.SelectMany(static silos => silos).Where(living.Contains).Min(StringComparer.Ordinal);
}
