namespace Pup.Grains.Coordination;

/// <summary>Whether the configured number of partitions asks for a repartition.</summary>
internal static class ConfiguredPartitions
{
    /// <param name="heeded">The configured number that was last heeded. What an operator ordered since does not count: it stands until the configuration changes.</param>
    /// <param name="configured">What each live silo that hosts the projection is configured with; empty when that is not known.</param>
    /// <returns>The number to repartition to, or null. While silos differ, a deployment is under way, and nobody knows which of them will stay.</returns>
    public static int? Wanted(int heeded, IReadOnlyCollection<int> configured) =>
        configured.Count > 0 && configured.First() is var count && count != heeded && configured.All(other => other == count) ? count : null;
}
