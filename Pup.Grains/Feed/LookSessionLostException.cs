namespace Pup.Grains.Feed;

/// <summary>A check says that this session may no longer speak for the log: its generation is over.</summary>
internal sealed class LookSessionLostException(string message) : Exception(message);
