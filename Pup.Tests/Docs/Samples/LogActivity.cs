using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region observability
public sealed class LogActivity : IReadModelProjection, IKeyedProjection, IResettableProjection
{
    private const string CreateMinutesSql = """
        create table if not exists events_per_minute (
            minute timestamptz, aggregate_type text, event_type text, events bigint not null, primary key (minute, aggregate_type, event_type))
        """;

    private const string CreateLastSql = """
        create table if not exists last_events (
            aggregate_type text primary key, event_type text not null, aggregate_id text not null, position bigint not null, created_at timestamptz not null)
        """;

    private const string CountSql = """
        insert into events_per_minute (minute, aggregate_type, event_type, events) values (date_trunc('minute', $1, 'UTC'), $2, $3, 1)
        on conflict (minute, aggregate_type, event_type) do update set events = events_per_minute.events + 1
        """;

    private const string LastSql = """
        insert into last_events (aggregate_type, event_type, aggregate_id, position, created_at) values ($1, $2, $3, $4, $5)
        on conflict (aggregate_type) do update set
            event_type = excluded.event_type, aggregate_id = excluded.aggregate_id, position = excluded.position, created_at = excluded.created_at
        """;

    public string Name => "log_activity";

    // So each row of both tables has one writer, however many partitions there are.
    public string KeyName => "aggregate type";

    public int ReadModelVersion => 1;

    public string KeyOf(PersistedEvent @event) => @event.AggregateType;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateMinutesSql);
        transaction.Execute(CreateLastSql);
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CountSql, @event.CreatedAt, @event.AggregateType, @event.EventType);
        transaction.Execute(LastSql, @event.AggregateType, @event.EventType, @event.AggregateId, @event.GlobalPosition, @event.CreatedAt);
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate events_per_minute, last_events");
        return ValueTask.CompletedTask;
    }
}
#endregion
