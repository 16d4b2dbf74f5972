using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary>Appends a row for each event, to a table without a key and with columns that only the database knows.</summary>
internal sealed class Journal : IResettableProjection, IReadModelProjection
{
    public string Name => "journal";

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("create table if not exists journal (line bigint generated always as identity, aggregate_id text not null, written_at timestamptz not null default now())");
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("insert into journal (aggregate_id) values ($1)", @event.AggregateId);
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate journal");
        return ValueTask.CompletedTask;
    }
}
