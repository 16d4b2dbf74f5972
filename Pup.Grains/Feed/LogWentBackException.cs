namespace Pup.Grains.Feed;

/// <summary>
/// The log is not the one whose positions were recorded: it was restored, truncated, or lost its end in a fail-over.
/// Positions will be handed out a second time, so nothing may be applied until an operator has said what holds.
/// </summary>
internal sealed class LogWentBackException(string finding)
    : Exception($"The log went back: {finding} Nothing is applied until this is settled: restore the read models and " +
                "checkpoints that match this log, or rebuild the projections; then run `pup accept-log`.")
{
    /// <summary>What shows it.</summary>
    public string Finding => finding;
}
