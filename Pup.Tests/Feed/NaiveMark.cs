using Pup.Grains.Feed;

namespace Pup.Tests.Feed;

/// <summary>What most engines do: believe that what is visible is all there is up to there.</summary>
internal sealed class NaiveMark : IMarkRule
{
    public long Mark { get; private set; }

    public IReadOnlyList<MarkHolder> Holding => [];

    public void Observe(long visible, IReadOnlyCollection<LogWriter> writers, DateTimeOffset at) => Mark = Math.Max(Mark, visible);
}
