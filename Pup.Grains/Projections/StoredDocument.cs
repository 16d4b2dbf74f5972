namespace Pup.Grains.Projections;

/// <summary>A document as a reader finds it.</summary>
/// <param name="Id">Its identity.</param>
/// <param name="Value">The document.</param>
/// <param name="Position">Position of the event that changed it last.</param>
/// <param name="UpdatedAt">When that was committed, by the database's clock at the start of the transaction.</param>
public sealed record StoredDocument<TDocument>(string Id, TDocument Value, long Position, DateTimeOffset UpdatedAt)
    where TDocument : class;
