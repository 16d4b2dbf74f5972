using Dapper;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Mounted;

/// <summary>How many events there were on each day.</summary>
public sealed class EventsOfTheDay : IProjection, IReadModelProjection, IResettableProjection
{
    public string Name => "events_of_the_day";

    public int ReadModelVersion => 1;

    public async ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var live = await transaction.OpenAsync(cancellationToken);
        await live.Connection!.ExecuteAsync(new CommandDefinition(
            "create table if not exists events_of_the_day (day date primary key, events bigint not null)", transaction: live, cancellationToken: cancellationToken));
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(
            "insert into events_of_the_day values ($1, 1) on conflict (day) do update set events = events_of_the_day.events + 1",
            DateOnly.FromDateTime(@event.CreatedAt.UtcDateTime));
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate events_of_the_day");
        return ValueTask.CompletedTask;
    }
}
