using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The silo's one reader of the log, as a partition's worker sees it.</summary>
internal interface IEventFeed
{
    /// <summary>The living generation; waits while there is none (no server, log went back, another look session needed).</summary>
    ValueTask<Generation> GenerationAsync(CancellationToken cancellationToken);

    /// <summary>How far this generation's log can no longer change; 0 until its first complete look. Never waits.</summary>
    long MarkOf(Generation generation);

    /// <summary>
    /// The next slice after <paramref name="position"/>: waits until the mark has passed it. Throws
    /// <see cref="GenerationEndedException"/> once <paramref name="generation"/> is over.
    /// </summary>
    ValueTask<FeedSlice> ReadAsync(Generation generation, ProjectionScope scope, long position, CancellationToken cancellationToken);

    /// <summary>Announces a reader that goes through the log from <paramref name="position"/> on and says how far it is done.</summary>
    /// <exception cref="GenerationEndedException"><paramref name="generation"/> is over.</exception>
    PageFollower Follow(Generation generation, ProjectionScope scope, long position);
}
