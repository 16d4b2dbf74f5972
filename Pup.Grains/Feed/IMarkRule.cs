namespace Pup.Grains.Feed;

/// <summary>
/// How far the log can no longer change, judged from what the looks of one generation saw. The one rule that ships is
/// <see cref="HighWaterMark"/>; the seam exists so that a test can show what a naive rule loses.
/// </summary>
internal interface IMarkRule
{
    /// <summary>Every position up to here is decided: committed and visible, or never to be.</summary>
    long Mark { get; }

    /// <summary>The writers of the last look that keep the mark from reaching what is visible, lowest floor first.</summary>
    IReadOnlyList<MarkHolder> Holding { get; }

    /// <summary>Takes in one complete look.</summary>
    void Observe(long visible, IReadOnlyCollection<LogWriter> writers, DateTimeOffset at);
}
