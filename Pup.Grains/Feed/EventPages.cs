using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>
/// The page cache of one generation: every partition of every projection reads the log through it, so that each page is
/// read and decoded once. Pages that everybody has passed go at once; within the bound in bytes, the least recently used goes first.
/// </summary>
internal sealed class EventPages : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ProjectionScope, ScopePages> _scopes = [];
    private readonly LinkedList<EventPage> _recency = new();
    private readonly SemaphoreSlim _reads;
    private readonly IPageReader _reader;
    private readonly Func<long> _mark;
    private readonly Generation _generation;
    private readonly PupOptions _options;
    private readonly TimeProvider _time;
    private readonly PageCacheCounts _counts;
    private long _bytes;

    public EventPages(Generation generation, IPageReader reader, Func<long> mark, PupOptions options, TimeProvider time, PageCacheCounts? counts = null)
    {
        (_generation, _reader, _mark, _options, _time, _counts) = (generation, reader, mark, options, time, counts ?? new PageCacheCounts());
        // Reads take connections from the same budget as commits.
        _reads = new SemaphoreSlim(options.Workers);
    }

    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <summary>The slice after <paramref name="position"/>, which must be below the mark.</summary>
    public async ValueTask<FeedSlice> ReadAsync(ProjectionScope scope, long position, CancellationToken cancellationToken)
    {
        while (true)
        {
            _generation.ThrowIfEnded();
            Task reading;
            lock (_gate)
            {
                var page = Touch(PagesOf(scope).PageAfter(position));
                if (page.UpTo > position)
                {
                    if (!page.TakeFirst())
                        _counts.Hit();
                    if (page.IsComplete)
                        ReadAhead(page);
                    return page.SliceAfter(position);
                }

                // A read in flight may have an older bound. Joining it is safe: what it brings is taken as valid to its
                // own bound only, and if that is not beyond the position, the loop reads on.
                reading = EnsureReading(page);
            }

            await reading.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Announces a reader of a scope.</summary>
    public PageFollower Follow(ProjectionScope scope, long position)
    {
        var follower = new PageFollower(this, scope, position);
        lock (_gate)
            PagesOf(scope).Followers.Add(follower);
        return follower;
    }

    public void Move(PageFollower follower, long position)
    {
        lock (_gate)
        {
            follower.Position = position;
            Release(PagesOf(follower.Scope));
        }
    }

    public void Leave(PageFollower follower)
    {
        lock (_gate)
        {
            var pages = PagesOf(follower.Scope);
            if (pages.Followers.Remove(follower))
                Release(pages);
        }
    }

    private void Release(ScopePages pages)
    {
        foreach (var page in pages.Passed())
            Drop(page);
    }

    private void Drop(EventPage page)
    {
        if (page.Recency is { } node)
        {
            _recency.Remove(node);
            _bytes -= page.Bytes;
        }

        PagesOf(page.Scope).Remove(page);
    }

    private ScopePages PagesOf(ProjectionScope scope)
    {
        if (!_scopes.TryGetValue(scope, out var pages))
            _scopes[scope] = pages = new ScopePages(scope, _options.PageSpan);
        return pages;
    }

    private EventPage Touch(EventPage page)
    {
        if (page.Recency is { } node)
            _recency.Remove(node);
        else
        {
            page.Recency = node = new LinkedListNode<EventPage>(page);
            _bytes += page.Bytes;
        }

        _recency.AddLast(node);
        return page;
    }

    // The next page is decoded while the workers are busy with this one.
    private void ReadAhead(EventPage page)
    {
        if (_mark() <= page.End)
            return;
        var next = PagesOf(page.Scope).PageAfter(page.End);
        if (next.UpTo == next.Start)
            EnsureReading(Touch(next));
    }

    private Task EnsureReading(EventPage page)
    {
        // The upper bound is fixed here, before the statement starts, and travels with what it brings.
        var (after, bound) = (page.UpTo, Math.Min(page.End, _mark()));
        // On the pool: neither under this lock nor on the scheduler of the grain that happened to ask first.
        return page.Reading ??= Task.Run(() => ReadPageAsync(page, after, bound));
    }

    // Runs under the generation's token alone: that one waiter gives up must not fail the others.
    private async Task ReadPageAsync(EventPage page, long after, long bound)
    {
        var isPublished = false;
        try
        {
            await _reads.WaitAsync(_generation.Ended);
            try
            {
                _counts.Miss();
                var started = _time.GetTimestamp();
                var read = await _reader.ReadAsync(page.Scope, after, bound, Math.Max(1, _options.PageBytes - page.EventBytes), _generation.Ended);
                Publish(page, read, _time.GetElapsedTime(started));
                isPublished = true;
            }
            finally
            {
                _reads.Release();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException && _generation.Ended.IsCancellationRequested)
        {
            // Disposed: asked just before the generation ended, begun just after the last read was waited for.
            throw new GenerationEndedException(_generation.Number);
        }
        finally
        {
            // After a failure the next who needs the page starts a read of its own.
            if (!isPublished)
            {
                lock (_gate)
                    page.Reading = null;
            }
        }
    }

    private void Publish(EventPage page, PageRead read, TimeSpan took)
    {
        lock (_gate)
        {
            // With what it brought, and not a moment later: a page that is being read is not let go.
            page.Reading = null;
            page.Extend(read);
            if (read.Truncated)
                page.Close();
            if (page.IsComplete)
                PagesOf(page.Scope).Adapt(page, took);
            _bytes += read.Bytes;
            // Its readers are only now about to take it: it must not be the next to go.
            Evict(Touch(page));
        }
    }

    private void Evict(EventPage latest)
    {
        var node = _recency.First;
        while (_bytes > _options.PageCacheBytes && node is not null)
        {
            var next = node.Next;
            var page = node.Value;
            if (page != latest && page.Reading is null)
                Drop(page);
            node = next;
        }
    }

    /// <summary>Waits for the reads in flight, once the generation is over.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] readings;
        lock (_gate)
            readings = [.. _recency.Select(page => page.Reading).OfType<Task>()];
        await Task.WhenAll(readings).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _reads.Dispose();
    }
}
