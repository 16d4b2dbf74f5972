namespace Pup.Grains.Checkpoints;

/// <summary>A checkpoint row as it stands in the database.</summary>
internal readonly record struct CheckpointRow(long Epoch, long Position);
