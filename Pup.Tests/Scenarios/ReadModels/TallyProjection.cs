using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>Counts, in a table without a key: a second application of an event is not refused, it shows.</summary>
internal sealed class TallyProjection(Action called) : IProjection
{
    public string Name => "tally";

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        called();
        transaction.Execute("update tally set n = n + 1");
        return ValueTask.CompletedTask;
    }
}
