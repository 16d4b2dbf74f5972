namespace Pup.Grains.Checkpoints;

/// <summary>What taking ownership of a partition found and made, all read in the one transaction that set the epoch.</summary>
/// <param name="Row">Name of the checkpoint row.</param>
/// <param name="Partition">Index of the partition.</param>
/// <param name="Partitions">How many partitions the projection has: the filter's N comes from here only.</param>
/// <param name="Epoch">This owner's epoch.</param>
/// <param name="Position">Where it goes on.</param>
/// <param name="ParkedKeys">Ordering keys of this partition whose events must queue.</param>
/// <param name="Takeovers">How often in a row the partition was taken at this very position.</param>
/// <param name="SuspectPosition">An event that was being handled alone when a process ended, if any.</param>
/// <param name="SuspectAttempts">How often that happened.</param>
internal sealed record Ownership(
    string Row,
    int Partition,
    int Partitions,
    long Epoch,
    long Position,
    IReadOnlyCollection<string> ParkedKeys,
    int Takeovers,
    long? SuspectPosition,
    int SuspectAttempts)
{
    /// <summary>The row's column <c>applied</c>, to be kept up to date with its position; null when no row of the projection carries a vector.</summary>
    public AppliedColumn? Applied { get; init; }

    /// <summary>Whether the row was not there: somebody had deleted it, and the projection cannot be reset.</summary>
    public bool IsRowNew { get; init; }
}
