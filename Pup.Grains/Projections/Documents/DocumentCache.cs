using System.Diagnostics.CodeAnalysis;

namespace Pup.Grains.Projections.Documents;

/// <summary>
/// What the table held after the last batch of this owner, so that hot documents are not loaded again. It keeps bytes, not objects:
/// an <c>Apply</c> that changes its document in place cannot change what is remembered. Least recently used goes first.
/// </summary>
/// <param name="limit">Most bytes, overhead included; 0 turns the cache off.</param>
internal sealed class DocumentCache(long limit)
{
    // Array, string, list node and dictionary entry: measured, rounded up.
    private const int Overhead = 240;

    // A document this large would push out too many others.
    private const int LargestShare = 8;

    private readonly Dictionary<string, LinkedListNode<(string Id, StoredJson Json)>> _nodes = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Id, StoredJson Json)> _recent = new();

    public long Bytes { get; private set; }

    public int Count => _nodes.Count;

    public bool TryGet(string id, [NotNullWhen(true)] out StoredJson? json)
    {
        json = null;
        if (!_nodes.TryGetValue(id, out var node))
            return false;
        _recent.Remove(node);
        _recent.AddFirst(node);
        json = node.Value.Json;
        return true;
    }

    public void Put(string id, StoredJson json)
    {
        Remove(id);
        var bytes = SizeOf(id, json);
        if (bytes > limit / LargestShare)
            return;

        _nodes.Add(id, _recent.AddFirst((id, json)));
        Bytes += bytes;
        while (Bytes > limit)
            Remove(_recent.Last!.Value.Id);
    }

    public void Remove(string id)
    {
        if (!_nodes.Remove(id, out var node))
            return;
        _recent.Remove(node);
        Bytes -= SizeOf(id, node.Value.Json);
    }

    public void Clear()
    {
        _nodes.Clear();
        _recent.Clear();
        Bytes = 0;
    }

    private static long SizeOf(string id, StoredJson json) => json.Utf8.Length + (2L * id.Length) + Overhead;
}
