namespace Pup.Grains.Feed;

/// <summary>What the database remembers of the log: read before a first look, so that an honest log cannot be below it.</summary>
/// <param name="Mark">The mark that was last persisted; null if none ever was.</param>
/// <param name="SequenceFilenode">The sequence it was persisted with.</param>
/// <param name="FurthestCheckpoint">The name of the checkpoint that is furthest ahead.</param>
/// <param name="FurthestPosition">Its position; 0 if there are no checkpoints.</param>
internal sealed record PersistedLog(long? Mark, long? SequenceFilenode, string? FurthestCheckpoint, long FurthestPosition);
