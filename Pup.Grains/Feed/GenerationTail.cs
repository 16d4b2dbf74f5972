using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>The looks of one generation, from its first to the loss of its session.</summary>
internal sealed class GenerationTail(
    long number,
    NpgsqlDataSource pool,
    EventFeed feed,
    PupOptions options,
    TimeProvider time,
    ILogger logger,
    Func<long?, IMarkRule> markRule,
    WakeUp wake,
    PauseThread pauses)
{
    private readonly Queue<TimeSpan> _recentLooks = new();
    private TimeSpan _cost;
    private TimeSpan _interval = options.LookInterval;
    private long _lastLife = time.GetTimestamp();
    private string? _warning;

    /// <summary>Raised when the first look is complete.</summary>
    public event Action? Opened;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var session = await LookSession.OpenAsync(options, time, cancellationToken);
        // Before the look: a mark that another silo persists meanwhile must not seem to be ahead of the log.
        var persisted = await session.ReadPersistedAsync(cancellationToken);
        var reading = await session.LookAsync(cancellationToken);
        Warn(LogHistory.Judge(persisted, reading));
        var rule = markRule(persisted.Mark);
        rule.Observe(reading.Visible, reading.Writers, time.GetUtcNow());

        await using var generation = new Generation(number, session.Key, pool);
        var signal = new MarkSignal(generation);
        await using var pages = new EventPages(generation, new EventReader(generation, 2 * options.PageSpan), () => signal.Mark, options, time, feed.PageCache);
        var live = new LiveFeed(generation, signal, pages);
        var persistence = new MarkPersistence(generation, reading.Checks.SequenceFilenode!.Value, persisted.Mark ?? 0, time, logger);
        signal.MoveTo(rule.Mark);
        logger.GenerationBegins(number, rule.Mark, reading.Visible);
        if (persisted.Mark is null && rule.Holding.Count > 0)
            logger.FirstLookWaits(string.Join("; ", await session.DescribeAsync(rule.Holding, cancellationToken)));
        var auditor = new LateEventsAuditor(generation, () => signal.Mark, options, time, logger, feed.Status.LateEvents);
        var auditing = Task.Run(auditor.RunAsync, CancellationToken.None);
        feed.Open(live);
        Opened?.Invoke();
        try
        {
            await LookOnAsync(session, live, rule, persistence, auditor, reading, cancellationToken);
        }
        finally
        {
            await generation.EndAsync();
            feed.Close(live);
            await persistence.FinishAsync();
            await auditing;
            feed.Report(feed.Status with { LateEvents = auditor.Found });
            if (!cancellationToken.IsCancellationRequested)
                logger.GenerationOver(number);
        }
    }

    private async Task LookOnAsync(
        LookSession session,
        LiveFeed live,
        IMarkRule rule,
        MarkPersistence persistence,
        LateEventsAuditor auditor,
        LookReading reading,
        CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, live.Generation.Ended);
        var names = new HolderNames(session, time);
        try
        {
            while (true)
            {
                live.Signal.MoveTo(rule.Mark);
                _cost = LookPacing.Cost(_recentLooks, reading.Duration);
                _interval = LookPacing.Next(options, _interval, _cost, reading.Visible > rule.Mark, time.GetElapsedTime(_lastLife));
                persistence.Consider(rule.Mark);
                Report(rule, reading, await names.NameAsync(rule.Holding, either.Token), auditor.Found);
                reading = await NextAsync(session, rule, persistence, reading, either.Token);
                rule.Observe(reading.Visible, reading.Writers, time.GetUtcNow());
            }
        }
        catch (OperationCanceledException) when (live.Generation.Ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new LookSessionLostException("A statement found that the look session is not alive where it ran.");
        }
    }

    /// <summary>Waits, then looks until a look is complete.</summary>
    private async Task<LookReading> NextAsync(
        LookSession session, IMarkRule rule, MarkPersistence persistence, LookReading last, CancellationToken cancellationToken)
    {
        while (true)
        {
            await PauseAsync(cancellationToken);
            try
            {
                var next = await session.LookAsync(cancellationToken);
                if (next.Visible != last.Visible)
                    _lastLife = time.GetTimestamp();
                Warn(LogHistory.Judge(rule.Mark, "the mark", next));
                return next;
            }
            catch (IncompleteLookException e)
            {
                if (feed.Status.ProblemText != e.Message)
                    logger.FeedNeedsSomeone(e.Message);
                feed.Report(feed.Status with { Problem = FeedProblem.IncompleteLook, ProblemText = e.Message });
                _interval = options.IdleLookInterval;
            }
            catch (LogWentBackException)
            {
                // The evidence is written down first, so that the next start sees it as well.
                await persistence.FlushAsync(rule.Mark);
                throw;
            }
        }
    }

    // A notification wakes the loop at once, but never sooner than looks may follow each other.
    private Task PauseAsync(CancellationToken cancellationToken)
    {
        var (least, longest) = (LookPacing.Least(_cost), _interval);
        return pauses.PauseAsync(() => wake.Wait(least, longest, cancellationToken), cancellationToken);
    }

    private void Warn(string? warning)
    {
        if (warning is not null && _warning is null)
            logger.NewestEventsMissing(warning);
        _warning = warning;
    }

    private void Report(IMarkRule rule, LookReading reading, IReadOnlyList<MarkHolder> holders, long lateEvents)
    {
        var now = time.GetUtcNow();
        var known = feed.Status;
        var moved = rule.Mark >= reading.Visible || known.Generation != number || rule.Mark > known.Mark;
        feed.Report(new FeedStatus
        {
            Generation = number,
            Mark = rule.Mark,
            Visible = reading.Visible,
            LookedAt = now,
            MarkCurrentAt = moved ? now : known.MarkCurrentAt,
            LookDuration = reading.Duration,
            LookInterval = _interval,
            Holders = holders,
            LateEvents = lateEvents,
            Warning = _warning,
        });
    }
}
