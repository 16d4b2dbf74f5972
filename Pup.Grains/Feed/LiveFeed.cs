namespace Pup.Grains.Feed;

/// <summary>All that lives and dies with one generation.</summary>
internal sealed record LiveFeed(Generation Generation, MarkSignal Signal, EventPages Pages);
