namespace Pup.Grains.Feed;

/// <summary>A look that may not move the mark: it says what stands in the way and what to do. The session lives on.</summary>
internal sealed class IncompleteLookException(string message) : Exception(message);
