using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>
/// One per silo: looks at the log, moves the mark, wakes who waits. When its session is lost, all that was known is
/// dropped and a new generation begins.
/// </summary>
internal sealed class TailLoop(
    EventFeed feed,
    PupOptions options,
    TimeProvider time,
    ILogger<TailLoop> logger,
    NotifyListener listener,
    Func<long?, IMarkRule>? markRule = null)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RepeatLogAfter = TimeSpan.FromMinutes(1);

    private NpgsqlDataSource? _pool;
    private long _generations;
    private string? _logged;
    private long _loggedAt;

    /// <summary>Runs until cancelled; nothing that happens in the database ends it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var pauses = new PauseThread();
        using var wake = new WakeUp();
        feed.WakeBy(wake.Call);
        var listening = listener.RunAsync(wake.Call, cancellationToken);
        var pause = FirstPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                _pool ??= PupConnectionString.CreateDataSource(PupConnectionString.Pool(options));
                var tail = new GenerationTail(++_generations, _pool, feed, options, time, logger, markRule ?? (mark => new HighWaterMark(mark)), wake, pauses);
                tail.Opened += () => (pause, _logged) = (FirstPause, null);
                await tail.RunAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                Report(e);
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }

        feed.WakeBy(null);
        await listening;
        if (_pool is not null)
            await _pool.DisposeAsync();
    }

    private void Report(Exception e)
    {
        var problem = e switch
        {
            LogWentBackException => FeedProblem.LogWentBack,
            IncompleteLookException => FeedProblem.IncompleteLook,
            _ => FeedProblem.Disconnected,
        };
        feed.Report(feed.Status with { Generation = 0, Problem = problem, ProblemText = e.Message, Holders = [] });

        // Said once, and then at a low rate; a different problem is said at once.
        if (_logged == e.Message && time.GetElapsedTime(_loggedAt) < RepeatLogAfter)
            return;
        (_logged, _loggedAt) = (e.Message, time.GetTimestamp());
        if (problem == FeedProblem.Disconnected)
            logger.FeedStalled(e.Message);
        else
            logger.FeedNeedsSomeone(e.Message);
    }
}
