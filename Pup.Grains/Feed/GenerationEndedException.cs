namespace Pup.Grains.Feed;

/// <summary>The look session of this generation is gone: everything read or planned under it is void.</summary>
internal sealed class GenerationEndedException(long number)
    : Exception($"Generation {number} of the feed is over: its session to PostgreSQL was lost or closed.");
