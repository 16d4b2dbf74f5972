namespace Pup.Grains.Partitions;

/// <summary>What a partition's runner is doing.</summary>
internal enum PartitionState
{
    /// <summary>Waiting for the feed's session or for the row.</summary>
    Starting,

    /// <summary>Owning the partition and working.</summary>
    Running,

    /// <summary>The projection is paused or needs a rebuild.</summary>
    Halted,

    /// <summary>Stopped by a fault; waits for <c>resume</c>.</summary>
    Faulted,

    /// <summary>Another owner has the partition.</summary>
    Left,

    /// <summary>The projection has fewer partitions than this one's index.</summary>
    Gone,
}
