using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Support;

/// <summary>
/// Writes every event down, in the order it came. Its table refuses nothing: a second application is a second row. (A key would hide
/// it: the engine would take the refusal for a bad event, and make a dead letter of it.) The order column shows the order within an
/// aggregate.
/// </summary>
internal sealed class LedgerProjection(string name = "ledger", Func<PersistedEvent, ProjectionTransaction, CancellationToken, ValueTask>? before = null)
    : IResettableProjection, IReadModelProjection
{
    public string Name => name;

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(
            """
            create table if not exists ledger (
                global_position bigint not null, projection text not null, aggregate_id text not null,
                aggregate_version bigint not null, ord bigint generated always as identity)
            """);
        transaction.Execute("create index if not exists ledger_position on ledger (projection, global_position)");
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("delete from ledger where projection = $1", name);
        return ValueTask.CompletedTask;
    }

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (before is not null)
            await before(@event, transaction, cancellationToken);
        transaction.Execute(
            "insert into ledger (global_position, projection, aggregate_id, aggregate_version) values ($1, $2, $3, $4)",
            @event.GlobalPosition,
            name,
            @event.AggregateId,
            @event.AggregateVersion);
    }
}
