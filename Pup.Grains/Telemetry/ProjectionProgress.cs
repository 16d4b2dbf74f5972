namespace Pup.Grains.Telemetry;

/// <summary>How far a projection is, by the database.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">As stored: running, paused, rebuilding, needs_rebuild.</param>
/// <param name="RebuildTarget">Where its rebuild ends; null if there is none.</param>
/// <param name="Partitions">Its partitions, in order; never empty.</param>
internal sealed record ProjectionProgress(string Name, string State, long? RebuildTarget, IReadOnlyList<PartitionProgress> Partitions)
{
    /// <summary>The share of a rebuild that is done, from 0 to 1; null if there is none.</summary>
    public double? Rebuilt => RebuildTarget switch
    {
        null => null,
        0 => 1,
        { } target => Partitions.Average(partition => Math.Min((partition.Position ?? 0) / (double)target, 1)),
    };
}
