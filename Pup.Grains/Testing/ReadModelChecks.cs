namespace Pup.Grains.Testing;

/// <summary>What is compared of a read model, and for how long it is tried.</summary>
public sealed class ReadModelChecks
{
    /// <summary>Tables to compare, with their schema where that is not <c>public</c>. Default: none, which means all but Pup's own.</summary>
    public IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>
    /// Columns that may differ, of any table: an identity, a time of the database's. Of the tables of documents <c>position</c> and
    /// <c>updated_at</c> always may. Default: none.
    /// </summary>
    public IReadOnlyList<string> IgnoredColumns { get; init; } = [];

    /// <summary>What random batches are drawn from. The message of a failure shows it; given here, it draws the same again. Default: null, another each time.</summary>
    public int? Seed { get; init; }

    /// <summary>How many times the events are applied in random batches by one partition. Default: 8.</summary>
    public int RandomRuns { get; init; } = 8;

    /// <summary>
    /// Partitions of the runs with several; 1 leaves these out, for a projection that needs the order of the whole log and is configured to
    /// have one partition. Default: 4.
    /// </summary>
    public int Partitions { get; init; } = 4;
}
