namespace Pup.Client.Http.Routes;

/// <summary>How many dead letters were asked for.</summary>
internal sealed record SelectedCount(long Count);
