using Pup.Client.Events;

namespace Pup.Client.Operations;

/// <summary>A dead letter with its whole error and its event.</summary>
public sealed record DeadLetterDetails : DeadLetterSummary
{
    /// <summary>The whole error.</summary>
    public string? FullError { get; init; }

    /// <summary>The event as it stands in the log; null when it was deleted there.</summary>
    public PersistedEvent? Event { get; init; }
}
