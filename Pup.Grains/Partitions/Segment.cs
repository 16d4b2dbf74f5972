namespace Pup.Grains.Partitions;

/// <summary>A run of a batch's items that goes in one transaction, and the position the checkpoint has after it.</summary>
/// <param name="Start">Index of the first item.</param>
/// <param name="End">Index after the last item.</param>
/// <param name="UpTo">Position once the segment is committed.</param>
/// <param name="IsSingleEvent">Whether all items come from one event: a failure is this event's.</param>
internal readonly record struct Segment(int Start, int End, long UpTo, bool IsSingleEvent);
