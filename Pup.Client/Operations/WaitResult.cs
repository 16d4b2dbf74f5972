namespace Pup.Client.Operations;

/// <summary>How a wait for an append ended, and what stood in the way.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">Who or what stands in the way; null when nothing does.</param>
[GenerateSerializer, Immutable, Alias("Pup.WaitResult")]
public sealed record WaitResult(WaitOutcome Outcome, string? Detail = null)
{
    /// <summary>Whether the read model shows the append.</summary>
    public bool IsApplied => Outcome == WaitOutcome.Applied;
}
