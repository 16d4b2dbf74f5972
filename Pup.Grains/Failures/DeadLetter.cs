using Pup.Grains.Partitions;

namespace Pup.Grains.Failures;

/// <summary>An item that was not applied.</summary>
internal sealed record DeadLetter(WorkItem Item, DeadLetterStatus Status, int Attempts, string? Error)
{
    /// <summary>What a log may say of the error.</summary>
    public string? Cause { get; init; }
}
