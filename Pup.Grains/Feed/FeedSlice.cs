namespace Pup.Grains.Feed;

/// <summary>
/// What the feed knows of the span (<paramref name="From"/>, <paramref name="UpTo"/>]: all events in scope, in order.
/// Everything up to <paramref name="UpTo"/> was decided when the slice was read, whether or not an event matched.
/// </summary>
internal sealed record FeedSlice(long From, long UpTo, ReadOnlyMemory<FeedEvent> Events);
