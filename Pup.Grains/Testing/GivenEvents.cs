using Npgsql;
using Pup.Client.Events;

namespace Pup.Grains.Testing;

/// <summary>Events that a test has given and that are not in the log yet, in order.</summary>
internal sealed class GivenEvents(NpgsqlDataSource dataSource, EventTypeRegistry? types)
{
    private readonly Queue<(AggregateKey Aggregate, Event[] Events)> _waiting = new();

    public void Add(string boundedContext, string aggregateType, string aggregateId, object[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var aggregate = new AggregateKey(boundedContext, aggregateType, aggregateId);
        Event[] written = [.. events.Select(Write)];
        AppendValidation.Check(aggregate, written);
        _waiting.Enqueue((aggregate, written));
    }

    public async Task AppendAsync(CancellationToken cancellationToken)
    {
        var store = new EventStore(dataSource);
        while (_waiting.TryPeek(out var next))
        {
            var (aggregate, events) = next;
            await store.AppendAsync(
                aggregate.BoundedContext, aggregate.AggregateType, aggregate.AggregateId, ExpectedVersion.Any, events, cancellationToken);
            _waiting.Dequeue();
        }
    }

    private Event Write(object given) => given switch
    {
        null => throw new ArgumentException("A given event is null.", nameof(given)),
        Event raw => raw,
        PersistedEvent => throw new ArgumentException("A PersistedEvent has its place in another log: give an Event, or a typed one.", nameof(given)),
        _ when types is null => throw new ArgumentException(
            $"{given.GetType()} is no Event, and the kit does not know how to write it: give StartAsync an EventTypeRegistry.", nameof(given)),
        _ => types.Write(given),
    };
}
