using Microsoft.Extensions.Hosting;
using Npgsql;
using Pup.Client.Operations;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination.Waiting;

/// <summary>
/// Waits for appends on behalf of a projection's grain. What it answers, one look at the database says: an owner's memory may be that
/// of a zombie, or from before a rebuild, or of another number of partitions. An owner's memory only says when to look.
/// </summary>
internal sealed class AppendWaits(Engine engine, EventFeed feed, CommitWatches watches, IHostApplicationLifetime lifetime) : IDisposable
{
    // At once: those who wait must not take the connections of those who work.
    private const int MostLooks = 2;

    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _lookLimit = TimeSpan.FromSeconds(1);

    // A hint that is lost, or that nobody could give, costs no more than this.
    private static readonly TimeSpan _longestWatch = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _looks = new(MostLooks, MostLooks);

    /// <exception cref="ProjectionNotFoundException">There is no such projection.</exception>
    public async Task<WaitResult> RunAsync(
        ProjectionDefinition projection, OrderingKeys orderingKeys, long[] positions, TimeSpan limit, CancellationToken cancellationToken)
    {
        limit = limit < _longest ? limit : _longest;
        var keys = new AppendedKeys(projection.Scope, orderingKeys, positions);
        var started = engine.Time.GetTimestamp();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        for (var pause = TimeSpan.Zero; ;)
        {
            var round = engine.Time.GetTimestamp();
            var look = await TryLookAsync(projection, keys, cancellationToken);
            if (look is not null && Verdict(projection, look) is { } verdict)
                return verdict;
            var left = limit - engine.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || stopping.IsCancellationRequested)
                return Late(keys, look);
            try
            {
                if (await WatchAsync(projection, look, left < _longestWatch ? left : _longestWatch, stopping.Token) is { } trouble)
                    return new WaitResult(WaitOutcome.Stopped, trouble);
                pause = await PauseAsync(pause, round, stopping.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // This silo stops, and a call in hand would hold it up: another one will be asked.
            }
        }
    }

    public void Dispose() => _looks.Dispose();

    /// <summary>Whether the read model shows a share: the owner is past it, or a former partition applied it before a repartition.</summary>
    public static bool IsApplied(AppendShare share) =>
        share.IsPassed || (share.Hash is { } hash && AppliedColumn.Parse(share.Applied)?.Vectors.Covers(hash, share.Position) == true);

    private static WaitResult? Verdict(ProjectionDefinition projection, AppendLook look) =>
        look.KeySignature == projection.KeySignature && look.ScopeSignature == projection.Scope.Signature
            ? AppendVerdict.Of(look, IsApplied)
            : new WaitResult(WaitOutcome.Stopped, "The projection is deployed with another ordering key or scope than its read model was built with.");

    /// <returns>Null while the events cannot be seen, or the database does not answer.</returns>
    private async Task<AppendLook?> TryLookAsync(ProjectionDefinition projection, AppendedKeys keys, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(_lookLimit, engine.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var generation = await engine.Feed.GenerationAsync(either.Token);
            await _looks.WaitAsync(either.Token);
            try
            {
                return await keys.FindAsync(generation, either.Token) ? await LookAsync(generation, projection.Name, keys, either.Token) : null;
            }
            finally
            {
                _looks.Release();
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or ObjectDisposedException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<AppendLook> LookAsync(Generation generation, string projection, AppendedKeys keys, CancellationToken cancellationToken)
    {
        var (positions, hashes) = keys.Found!.Value;
        return await AppendLook.OfKeysAsync(generation.DataSource, projection, positions, hashes, cancellationToken)
            ?? throw new ProjectionNotFoundException(projection);
    }

    private async Task<string?> WatchAsync(ProjectionDefinition projection, AppendLook? look, TimeSpan limit, CancellationToken cancellationToken)
    {
        // The last event of a partition stands for those before it.
        var behind = look?.Shares.Where(static share => !IsApplied(share)).GroupBy(static share => share.Partition).Select(static shares => shares.MaxBy(static share => share.Position)!);
        foreach (var share in behind ?? [])
        {
            if (await watches.PassedAsync(projection.Name, share, look!.Partitions, limit, cancellationToken) is { } trouble)
                return trouble;
        }

        return null;
    }

    // A first look that follows a hint is not held up; hints that lead to nothing must not turn into a loop of looks.
    private async Task<TimeSpan> PauseAsync(TimeSpan pause, long round, CancellationToken cancellationToken)
    {
        var rest = pause - engine.Time.GetElapsedTime(round);
        if (rest <= TimeSpan.Zero)
            return _firstPause;
        await Task.Delay(rest, engine.Time, cancellationToken);
        return pause * 2 < _longestPause ? pause * 2 : _longestPause;
    }

    private WaitResult Late(AppendedKeys keys, AppendLook? look)
    {
        var status = feed.Status;
        if (status.Mark < keys.LastPosition && status.Holders is [var holder, ..])
        {
            var age = engine.Time.GetUtcNow() - (holder.Began ?? holder.FirstSeen);
            return new WaitResult(
                WaitOutcome.BlockedByWriter,
                $"A transaction that may still write into the log holds it at position {status.Mark}, below the append at {keys.LastPosition}: {holder}, for {age.TotalSeconds:0} s.");
        }

        var detail = status.ProblemText
            ?? (keys.Found is null ? $"Not all events up to position {keys.LastPosition} are in the log: their transaction is open, or was rolled back." : null)
            ?? (look is null ? "The database does not answer." : AppendVerdict.Describe(look, IsApplied));
        return new WaitResult(WaitOutcome.TimedOut, detail);
    }
}
