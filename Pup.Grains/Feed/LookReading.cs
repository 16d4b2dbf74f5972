namespace Pup.Grains.Feed;

/// <summary>What one complete look saw, in the order in which it asked.</summary>
/// <param name="Checks">The checks, which come first: a session survives a promotion, and a standby shows no locks.</param>
/// <param name="Visible">The greatest visible position, 0 if there is none.</param>
/// <param name="SequenceValue">The last value the sequence gave out; only a check, never a ceiling.</param>
/// <param name="Writers">Who was writing, asked after <paramref name="Visible"/> was known.</param>
/// <param name="Duration">How long the look took.</param>
internal sealed record LookReading(
    LookChecks Checks, long Visible, long SequenceValue, IReadOnlyCollection<LogWriter> Writers, TimeSpan Duration);
