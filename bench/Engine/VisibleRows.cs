using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Bench.Engine;

/// <summary>One row per event, whose appearance the latency benchmark observes.</summary>
internal sealed class VisibleRows : IProjection
{
    public string Name => "engine_rows";

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("insert into engine_rows (global_position) values ($1)", @event.GlobalPosition);
        return ValueTask.CompletedTask;
    }
}
