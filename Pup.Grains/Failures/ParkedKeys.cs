namespace Pup.Grains.Failures;

/// <summary>The ordering keys of one partition whose events must queue behind a failed one.</summary>
internal sealed class ParkedKeys(IEnumerable<string> keys, int limit)
{
    private readonly HashSet<string> _keys = new(keys, StringComparer.Ordinal);

    public int Count => _keys.Count;

    public bool Contains(string key) => _keys.Count > 0 && _keys.Contains(key);

    public void Add(string key) => _keys.Add(key);

    public void Remove(string key) => _keys.Remove(key);

    /// <summary>
    /// Whether so many more keys would exceed the cap, beyond which parking turns into stopping. Keys of several partitions that a
    /// repartition brought together may be more than that already; they stay parked.
    /// </summary>
    public bool WouldExceed(int more) => more > 0 && _keys.Count + more > limit;
}
