using System.ComponentModel.DataAnnotations;

namespace Pup.Grains.Projections;

/// <summary>Settings of one projection; what is null is taken from <see cref="PupOptions"/>.</summary>
public sealed class ProjectionOptions
{
    /// <summary>Number of partitions. Default: <see cref="PupOptions.TotalPartitions"/>.</summary>
    [Range(1, 10_000)]
    public int? Partitions { get; set; }

    /// <summary>Most events in one transaction. Default: <see cref="PupOptions.BatchSize"/>.</summary>
    [Range(1, 100_000)]
    public int? BatchSize { get; set; }

    /// <summary>What happens to an event that keeps failing. Default: <see cref="PupOptions.ErrorPolicy"/>.</summary>
    public ErrorPolicy? ErrorPolicy { get; set; }

    /// <summary>Attempts at a failing event before the error policy applies. Default: <see cref="PupOptions.MaxAttempts"/>.</summary>
    [Range(1, 100)]
    public int? MaxAttempts { get; set; }

    /// <summary>Longest time a handler may take for one batch. Default: <see cref="PupOptions.HandlerTimeout"/>.</summary>
    public TimeSpan? HandlerTimeout { get; set; }
}
