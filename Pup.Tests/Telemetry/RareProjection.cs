using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Telemetry;

/// <summary>Sees events of type <c>Rare</c> only, and passes over all others.</summary>
internal sealed class RareProjection : IProjection
{
    public string Name => "rare";

    public ProjectionScope Scope { get; } = new(eventTypes: ["Rare"]);

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
