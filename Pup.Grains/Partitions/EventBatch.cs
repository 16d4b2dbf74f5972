using System.Diagnostics;

namespace Pup.Grains.Partitions;

/// <summary>The next work of a partition: its items, in order, and how far the log was scanned to find them.</summary>
internal sealed record EventBatch(IReadOnlyList<WorkItem> Items, long UpTo)
{
    /// <summary>Its span, once its handlers run, if anybody traces.</summary>
    public Activity? Span { get; set; }
}
