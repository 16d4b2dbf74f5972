namespace Pup.Client.Operations;

/// <summary>An event that was not applied, without its payload.</summary>
public record DeadLetterSummary
{
    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>The ordering key that it belongs to.</summary>
    public required string OrderingKey { get; init; }

    /// <summary>Position of the event.</summary>
    public required long Position { get; init; }

    /// <summary>Identity of the event.</summary>
    public required Guid EventId { get; init; }

    /// <summary>Name of the event's type.</summary>
    public required string EventType { get; init; }

    /// <summary>Failed, queued (behind a failed one) or skipped.</summary>
    public required string Status { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>First line of the error; null when it was never tried.</summary>
    public string? Error { get; init; }

    /// <summary>Retry or discard, when that was asked and is not done yet.</summary>
    public string? Requested { get; init; }

    /// <summary>When it became a dead letter.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
