namespace Shop.Ordering;

/// <summary>How much of an article can be sold, as of a version of its stock.</summary>
internal sealed record OnHand(long Version, int Available);
