namespace Pup.Grains.Projections.Documents;

/// <summary>One document while a batch is folded into it.</summary>
internal sealed class DocumentSlot<TDocument>(string id, int firstItem)
    where TDocument : class
{
    public string Id => id;

    /// <summary>Index of the first item that addresses the document.</summary>
    public int FirstItem => firstItem;

    /// <summary>What the table holds; null when it holds no such document.</summary>
    public StoredJson? Stored { get; set; }

    /// <summary>The document as it was read, to see whether it is still the same object.</summary>
    public TDocument? Before { get; set; }

    /// <summary>The document after the items so far.</summary>
    public TDocument? Document { get; set; }

    /// <summary>Index of the last item that was applied; a document that cannot be written is laid at it.</summary>
    public int LastItem { get; set; } = -1;
}
