namespace Pup.Grains.Coordination;

/// <summary>What the silos of the cluster are configured with.</summary>
internal interface IConfiguredCounts
{
    /// <returns>
    /// The configured partitions of a projection, a number for each live silo that hosts it; empty when that cannot be said for all of them.
    /// </returns>
    ValueTask<IReadOnlyCollection<int>> OfAsync(string projection, CancellationToken cancellationToken);
}
