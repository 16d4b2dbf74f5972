using Pup.Client.Events;

namespace Pup.Grains.Feed;

/// <summary>An event of a page, with the hash of its aggregate id computed once when the page was decoded.</summary>
internal readonly record struct FeedEvent(PersistedEvent Event, uint Hash);
