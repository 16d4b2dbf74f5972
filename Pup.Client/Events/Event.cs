namespace Pup.Client.Events;

/// <summary>An event that an application is about to append. Its aggregate, version and position are given by the append.</summary>
public sealed record Event
{
    /// <summary>Identity of the event, unique in the whole log. A repeated append of the same id is recognised as such.</summary>
    public Guid EventId { get; init; } = Guid.CreateVersion7();

    /// <summary>Name of the event's type, for example <c>OrderPlaced</c>.</summary>
    public required string EventType { get; init; }

    /// <summary>Version of the payload's shape. Default: 1.</summary>
    public int EventVersion { get; init; } = 1;

    /// <summary>The payload exactly as it is stored; the log does not interpret it.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Trace id. Taken from <see cref="System.Diagnostics.Activity.Current"/> when null.</summary>
    public string? TraceId { get; init; }

    /// <summary>Correlation id. Taken from the current activity's baggage when null.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Id of what caused the event. Taken from the current activity when null.</summary>
    public string? CausationId { get; init; }

    /// <summary>Metadata as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>When the event happened; the database's clock when null.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
}
