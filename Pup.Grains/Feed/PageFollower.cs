using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>
/// A reader that goes through the log and does not come back: pages which all followers of their scope have passed are let go at
/// once. A page that nobody will ask for is memory; and while it lives, each collection of garbage has to carry it over.
/// </summary>
internal sealed class PageFollower(EventPages pages, ProjectionScope scope, long position) : IDisposable
{
    public ProjectionScope Scope => scope;

    /// <summary>Nothing up to here is needed any more. Guarded by the lock of <see cref="EventPages"/>.</summary>
    public long Position { get; set; } = position;

    /// <summary>Says how far the reader is done.</summary>
    public void MoveTo(long position) => pages.Move(this, position);

    public void Dispose() => pages.Leave(this);
}
