using System.Globalization;

namespace Pup.Client.Events;

/// <summary>The payload of an event is not what its type and version promise, or its upcast failed.</summary>
public sealed class EventPayloadException : Exception
{
    internal EventPayloadException(PersistedEvent @event, string problem, Exception? innerException = null)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Event {@event.EventId} ('{@event.EventType}' version {@event.EventVersion}) at position {@event.GlobalPosition}, {@event.AggregateType} '{@event.AggregateId}': {problem}"),
            innerException)
    {
        EventId = @event.EventId;
        Position = @event.GlobalPosition;
    }

    /// <summary>Identity of the event.</summary>
    public Guid EventId { get; }

    /// <summary>Where the event stands in the log.</summary>
    public long Position { get; }
}
