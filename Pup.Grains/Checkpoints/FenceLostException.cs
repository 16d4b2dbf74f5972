namespace Pup.Grains.Checkpoints;

/// <summary>The checkpoint row is not as this owner left it, or the generation is over. Nothing after the fence ran.</summary>
internal sealed class FenceLostException(CheckpointFence fence)
    : Exception($"Checkpoint '{fence.Row}' is no longer at epoch {fence.Epoch}, position {fence.Position}, or the look session is gone.");
