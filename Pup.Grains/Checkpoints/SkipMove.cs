namespace Pup.Grains.Checkpoints;

/// <summary>Progress of one partition over events that were not its own; equal positions only touch the row.</summary>
internal readonly record struct SkipMove(CheckpointProgress Progress, long Stored, long UpTo);
