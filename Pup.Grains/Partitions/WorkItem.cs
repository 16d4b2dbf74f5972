using Pup.Client.Events;

namespace Pup.Grains.Partitions;

/// <summary>One event to be applied under one ordering key. An event that addresses several documents makes several items.</summary>
internal readonly record struct WorkItem(PersistedEvent Event, string Key, uint Hash);
