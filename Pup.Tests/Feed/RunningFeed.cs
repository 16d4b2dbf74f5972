using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

/// <summary>A feed with its tail loop running, as in a silo.</summary>
internal sealed class RunningFeed : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    private RunningFeed(EventFeed feed, TailLoop loop, PupOptions options)
    {
        (Feed, Options) = (feed, options);
        _loop = Task.Run(() => loop.RunAsync(_stop.Token));
    }

    public EventFeed Feed { get; }

    public PupOptions Options { get; }

    public FeedStatus Status => Feed.Status;

    public static RunningFeed Start(
        string connectionString, Action<PupOptions>? configure = null, Func<long?, IMarkRule>? rule = null, ILoggerFactory? logs = null)
    {
        var options = new PupOptions { ConnectionString = connectionString };
        configure?.Invoke(options);
        logs ??= NullLoggerFactory.Instance;
        var feed = new EventFeed();
        var listener = new NotifyListener(options, TimeProvider.System, logs.CreateLogger<NotifyListener>());
        return new RunningFeed(feed, new TailLoop(feed, options, TimeProvider.System, logs.CreateLogger<TailLoop>(), listener, rule), options);
    }

    public async Task<Generation> GenerationAsync() =>
        await Feed.GenerationAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

    public async Task MarkReachesAsync(long position)
    {
        try
        {
            await Eventually.TrueAsync(() => Status.Problem == FeedProblem.None && Status.Mark >= position, Patience, $"the mark reaches {position}");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message} {Status} {string.Join("; ", Status.Holders)}", e);
        }
    }

    /// <summary>Waits until the feed has looked at least twice more from now on.</summary>
    public async Task LooksAgainAsync()
    {
        for (var looks = 0; looks < 2; looks++)
        {
            var seen = Status.LookedAt;
            await Eventually.TrueAsync(() => Status.LookedAt > seen, Patience, "the feed looks again");
        }
    }

    /// <summary>Waits until the feed has looked for so long.</summary>
    public async Task LooksForAsync(TimeSpan time)
    {
        var until = Status.LookedAt + time;
        await Eventually.TrueAsync(() => Status.LookedAt > until, Patience, $"the feed looks for {time.TotalSeconds} s");
    }

    public Task ProblemAsync(FeedProblem problem, string text) => Eventually.TrueAsync(
        () => Status.Problem == problem && Status.ProblemText!.Contains(text, StringComparison.Ordinal),
        Patience,
        $"the feed reports {problem} with '{text}'");

    /// <summary>Reads on from a position until it has passed another, in one generation.</summary>
    public async Task<List<FeedEvent>> ReadAsync(long after, long upTo, ProjectionScope? scope = null)
    {
        var generation = await GenerationAsync();
        var events = new List<FeedEvent>();
        while (after < upTo)
        {
            var slice = await Feed.ReadAsync(generation, scope ?? ProjectionScope.All, after, TestContext.Current.CancellationToken)
                .AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
            Assert.Equal(after, slice.From);
            Assert.True(slice.UpTo > after, "a slice moves on");
            events.AddRange(slice.Events.ToArray());
            after = slice.UpTo;
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.WaitAsync(Patience);
        _stop.Dispose();
    }
}
