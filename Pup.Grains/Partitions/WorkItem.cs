using Pup.Client.Events;

namespace Pup.Grains.Partitions;

/// <summary>One event to be applied under one ordering key. An event that addresses several documents makes several items.</summary>
internal readonly record struct WorkItem(PersistedEvent Event, string Key, uint Hash)
{
    /// <summary>What the projection's key function threw for this event; the item fails with it.</summary>
    public Exception? KeyError { get; init; }
}
