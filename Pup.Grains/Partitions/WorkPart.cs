namespace Pup.Grains.Partitions;

/// <summary>What a partition may be doing.</summary>
internal enum WorkPart
{
    /// <summary>The handlers of a batch run.</summary>
    Handle,

    /// <summary>A batch is sent, up to the answer to its COMMIT.</summary>
    Commit,

    /// <summary>There is no event, or no slot or connection yet.</summary>
    Wait,
}
