using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary>Counts the events of each aggregate; what it notes beside the count is the test's business.</summary>
internal sealed class Tally(Func<PersistedEvent, ProjectionTransaction, string>? note = null, bool reset = true, string name = "tally") : IResettableProjection, IReadModelProjection
{
    public string Name => name;

    public ProjectionScope Scope { get; } = new(eventTypes: ["Happened", "Bad"]);

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("create table if not exists tally (aggregate_id text primary key, count int not null, note text not null)");
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (@event.EventType == "Bad")
            throw new FormatException("It is bad.");
        transaction.Execute(
            "insert into tally as t values ($1, 1, $2) on conflict (aggregate_id) do update set count = t.count + 1, note = t.note || excluded.note",
            @event.AggregateId,
            note?.Invoke(@event, transaction) ?? "");
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (reset)
            transaction.Execute("truncate tally");
        return ValueTask.CompletedTask;
    }
}
