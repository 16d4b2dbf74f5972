using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>Folds in SQL that is queued.</summary>
internal sealed class CounterProjection(PassingFailures? failures = null) : IReadModelProjection
{
    public string Name => "counter";

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        FoldTable.Create(transaction);
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        failures?.Strike(Name, @event);
        transaction.Execute(
            """
            insert into folds (projection, aggregate_id, count, hash) values ('counter', $1, 1, $2 % 1000000007)
            on conflict (projection, aggregate_id) do update set count = folds.count + 1, hash = (folds.hash * 31 + $2) % 1000000007
            """,
            @event.AggregateId,
            @event.GlobalPosition);
        return ValueTask.CompletedTask;
    }
}
