namespace Pup.Grains.Partitions;

/// <summary>How much one batch takes: whichever limit is met first.</summary>
/// <param name="Events">Most items.</param>
/// <param name="Bytes">Most payload bytes; a single larger event still goes alone.</param>
internal sealed record BatchLimits(int Events, long Bytes)
{
    /// <summary>Most slices scanned for one batch, so that a sparse partition commits now and then.</summary>
    public const int Slices = 64;

    /// <summary>Slices without an own event after which the progress is reported.</summary>
    public const int EmptySlices = 8;
}
