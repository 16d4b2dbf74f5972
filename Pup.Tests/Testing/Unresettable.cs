using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary>Writes to a table that the application makes, and cannot be rebuilt.</summary>
internal sealed class Unresettable : IProjection
{
    public string Name => "unresettable";

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("insert into seen values ($1)", @event.GlobalPosition);
        return ValueTask.CompletedTask;
    }
}
