using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Operations;

/// <summary>Sees events of type Counted only.</summary>
internal sealed class CountedOnly : IProjection
{
    public string Name => "counted";

    public ProjectionScope Scope { get; } = new(eventTypes: ["Counted"]);

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("select $1", @event.GlobalPosition);
        return ValueTask.CompletedTask;
    }
}
