using Orleans.Runtime;
using Pup.Grains.Coordination.Placement;

namespace Pup.Grains.Coordination;

/// <summary>The configured numbers that silos announce with what they host.</summary>
internal sealed class AnnouncedCounts(Engine engine, ISiloStatusOracle silos) : IConfiguredCounts
{
    public async ValueTask<IReadOnlyCollection<int>> OfAsync(string projection, CancellationToken cancellationToken)
    {
        // Not only the active ones: a silo that is joining or leaving may have partitions, and another configuration.
        var living = silos.GetApproximateSiloStatuses().Where(static silo => silo.Value != SiloStatus.Dead).Select(static silo => silo.Key.ToParsableString()).ToList();
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        var announced = await new PlacementStore(generation.DataSource).ConfiguredAsync(projection, cancellationToken);
        return living.TrueForAll(announced.ContainsKey) ? living.ConvertAll(silo => announced[silo]).OfType<int>().ToList() : [];
    }
}
