using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>Reads a span of the log; an interface so that the cache is tested without a database.</summary>
internal interface IPageReader
{
    /// <summary>Reads (<paramref name="after"/>, <paramref name="bound"/>], at most about <paramref name="byteLimit"/> bytes of it.</summary>
    Task<PageRead> ReadAsync(ProjectionScope scope, long after, long bound, long byteLimit, CancellationToken cancellationToken);
}
