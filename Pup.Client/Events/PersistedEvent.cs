namespace Pup.Client.Events;

/// <summary>An event as it stands in the log: immutable, and shared by every projection of the silo.</summary>
public sealed record PersistedEvent
{
    /// <summary>Place in the whole log. Positions have gaps; a rolled-back append leaves one.</summary>
    public required long GlobalPosition { get; init; }

    /// <summary>Bounded context of the aggregate.</summary>
    public required string BoundedContext { get; init; }

    /// <summary>Type of the aggregate.</summary>
    public required string AggregateType { get; init; }

    /// <summary>Identity of the aggregate within its type; it decides the partition.</summary>
    public required string AggregateId { get; init; }

    /// <summary>Version of the aggregate after this event: 1, 2, 3, … without gaps.</summary>
    public required long AggregateVersion { get; init; }

    /// <summary>Identity of the event.</summary>
    public required Guid EventId { get; init; }

    /// <summary>Name of the event's type.</summary>
    public required string EventType { get; init; }

    /// <summary>Version of the payload's shape.</summary>
    public required int EventVersion { get; init; }

    /// <summary>The payload exactly as it was appended.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Trace id, if one was recorded.</summary>
    public string? TraceId { get; init; }

    /// <summary>Correlation id, if one was recorded.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Id of what caused the event, if recorded.</summary>
    public string? CausationId { get; init; }

    /// <summary>Metadata as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>When the event was appended.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
