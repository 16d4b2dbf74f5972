using Pup.Grains.Projections;

namespace Pup.Grains.Feed;

/// <summary>The silo's one reader of the log. <see cref="TailLoop"/> gives it its generations, marks and status.</summary>
internal sealed class EventFeed : IEventFeed
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<LiveFeed> _opened = New();
    private volatile LiveFeed? _live;
    private volatile FeedStatus _status = FeedStatus.BeforeFirstLook;
    private Action? _wake;

    /// <summary>Counts of all page caches that this feed has had.</summary>
    public PageCacheCounts PageCache { get; } = new();

    /// <summary>What the page cache holds now.</summary>
    public long PageCacheBytes => _live?.Pages.Bytes ?? 0;

    /// <summary>What is known now; immutable.</summary>
    public FeedStatus Status => _status;

    public async ValueTask<Generation> GenerationAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<LiveFeed> opened;
            lock (_gate)
                opened = _opened.Task;
            var live = await opened.WaitAsync(cancellationToken);
            if (!live.Generation.Ended.IsCancellationRequested)
                return live.Generation;
            // It is over, and the tail loop is about to take it away.
            await ClosedAsync(live, cancellationToken);
        }
    }

    public long MarkOf(Generation generation) => _live is { } live && live.Generation == generation ? live.Signal.Mark : 0;

    public async ValueTask<FeedSlice> ReadAsync(Generation generation, ProjectionScope scope, long position, CancellationToken cancellationToken)
    {
        var live = LiveOf(generation);
        if (live.Signal.Mark <= position)
            await live.Signal.PassedAsync(position, cancellationToken);
        return await live.Pages.ReadAsync(scope, position, cancellationToken);
    }

    public PageFollower Follow(Generation generation, ProjectionScope scope, long position) => LiveOf(generation).Pages.Follow(scope, position);

    private LiveFeed LiveOf(Generation generation)
    {
        generation.ThrowIfEnded();
        return _live is { } live && live.Generation == generation ? live : throw new GenerationEndedException(generation.Number);
    }

    /// <summary>Something was committed: asks for a look before its time, but never sooner than looks may follow each other.</summary>
    public void LookSoon()
    {
        lock (_gate)
            _wake?.Invoke();
    }

    /// <summary>How the loop is woken; null when it ends.</summary>
    public void WakeBy(Action? wake)
    {
        lock (_gate)
            _wake = wake;
    }

    /// <summary>Makes a generation known to the workers.</summary>
    public void Open(LiveFeed live)
    {
        lock (_gate)
        {
            _live = live;
            _opened.SetResult(live);
        }
    }

    /// <summary>Takes it away again, once it is over.</summary>
    public void Close(LiveFeed live)
    {
        lock (_gate)
        {
            if (_live != live)
                return;
            _live = null;
            _opened = New();
            _closed.SetResult();
            _closed = NewClosed();
        }
    }

    /// <summary>Replaces the status.</summary>
    public void Report(FeedStatus status) => _status = status;

    private TaskCompletionSource _closed = NewClosed();

    private async Task ClosedAsync(LiveFeed live, CancellationToken cancellationToken)
    {
        Task closed;
        lock (_gate)
        {
            if (_live != live)
                return;
            closed = _closed.Task;
        }

        await closed.WaitAsync(cancellationToken);
    }

    private static TaskCompletionSource<LiveFeed> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource NewClosed() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
