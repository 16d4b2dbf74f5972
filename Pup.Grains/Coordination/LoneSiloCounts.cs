using Orleans.Runtime;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>A silo that is alone knows what all of them are configured with; one among several does not.</summary>
internal sealed class LoneSiloCounts(ISiloStatusOracle silos, ProjectionRegistry projections) : IConfiguredCounts
{
    public ValueTask<IReadOnlyCollection<int>> OfAsync(string projection, CancellationToken cancellationToken)
    {
        // Not only the active ones: a silo that is joining or leaving may have partitions, and another configuration.
        var others = silos.GetApproximateSiloStatuses().Any(silo => !silo.Key.Equals(silos.SiloAddress) && silo.Value != SiloStatus.Dead);
        IReadOnlyCollection<int> counts = !others && projections.Find(projection) is { } definition ? [definition.Partitions] : [];
        return ValueTask.FromResult(counts);
    }
}
