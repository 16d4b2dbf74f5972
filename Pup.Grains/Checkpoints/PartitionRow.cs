namespace Pup.Grains.Checkpoints;

/// <summary>A partition's checkpoint row as an operation on all of them finds it.</summary>
/// <param name="Name">Name of the row.</param>
/// <param name="Position">Null when the row is missing.</param>
/// <param name="Applied">Its column <c>applied</c>, or null.</param>
internal sealed record PartitionRow(string Name, long? Position, AppliedColumn? Applied)
{
    public bool CarriesVectors => Applied is { Vectors.IsEmpty: false };

    /// <summary>
    /// Only meaningful while any row of the projection carries a vector. Pup keeps its own copy of each position then, so a row without
    /// one was deleted and made anew by somebody.
    /// </summary>
    public bool IsMovedBack => Position is null || Applied is null || Position < Applied.Position;
}
