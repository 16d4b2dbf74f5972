namespace Pup.Grains.Feed;

/// <summary>What one statement brought.</summary>
/// <param name="UpTo">All events in scope up to here are in it: the bound it was given, or less if it met a limit.</param>
/// <param name="Events">The events, by position.</param>
/// <param name="Bytes">About what they take in memory.</param>
/// <param name="Truncated">Whether a limit cut it short.</param>
internal readonly record struct PageRead(long UpTo, List<FeedEvent> Events, long Bytes, bool Truncated);
