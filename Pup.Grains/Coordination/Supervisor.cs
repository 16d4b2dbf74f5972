using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Client;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>
/// Follows the cluster's membership: when it changes, the partitions that have lost their silo and belong here are started at once,
/// rather than within the period of a reminder. So are those of this silo whose activation is gone: Orleans ends it also where
/// the silo that dies held no more than its entry in the directory. Quiet otherwise, save for a slow round over all partitions.
/// Also sees to it that a changed number of configured partitions is followed once all silos agree on it, and ends rebuilds that
/// have reached their target. When this silo stops, hands its partitions over to the others.
/// </summary>
internal sealed partial class Supervisor(
    Engine engine,
    ProjectionRegistry projections,
    IGrainFactory grains,
    IClusterMembershipService membership,
    PlacementViews views,
    LocalPartitions locals,
    IConfiguredCounts configured,
    ILogger<Supervisor> logger)
    : BackgroundService
{
    private const int Concurrency = 64;

    private static readonly TimeSpan _firstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _rebuildInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _noRebuildInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _timerSlack = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _handOverLimit = TimeSpan.FromSeconds(10);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private string _unplaced = "";

    /// <summary>Stops supervising, and lets other silos run what runs here before anything here is taken down.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!engine.Options.Supervise)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_handOverLimit);
        try
        {
            await HandOverAsync(limit.Token);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or ObjectDisposedException or GenerationEndedException)
        {
            LogNotHandedOver(exception.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // The first generation stands for "the schema is there and the projections are registered".
            await engine.Feed.GenerationAsync(stoppingToken);
            await Task.WhenAll(
                engine.Options.Supervise ? Task.WhenAll(ListenAsync(stoppingToken), FollowAsync(stoppingToken)) : Task.CompletedTask,
                CompleteRebuildsAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        locals.Removed += Note;
        await foreach (var _ in membership.MembershipUpdates.WithCancellation(cancellationToken))
            Note();

        void Note() => _changes.Writer.TryWrite(true);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var (retry, everything, lastFull) = (_firstRetry, true, 0L);
        while (true)
        {
            var settled = false;
            if (everything)
                lastFull = engine.Time.GetTimestamp();
            try
            {
                settled = await RoundAsync(everything, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(exception.Message);
            }

            var pause = engine.Options.SupervisionInterval;
            if (settled)
                retry = _firstRetry;
            else
                (pause, retry) = (retry < pause ? retry : pause, retry * 2);
            // Partitions may move when a silo has settled, and when they have been here for long enough.
            var move = views.Last?.NextSettles ?? (IsMisplaced(views.Last) ? engine.Options.MoveInterval : pause);
            if (await ChangedAsync(move + _timerSlack < pause ? move + _timerSlack : pause, cancellationToken))
                retry = _firstRetry;
            everything = engine.Time.GetElapsedTime(lastFull) >= engine.Options.SupervisionInterval;
        }
    }

    /// <returns>Whether something changed before the pause was over.</returns>
    private async Task<bool> ChangedAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(pause, engine.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            await _changes.Reader.ReadAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <returns>Whether every partition was in good hands.</returns>
    private async Task<bool> RoundAsync(bool everything, CancellationToken cancellationToken)
    {
        if (everything)
        {
            var generation = await engine.Feed.GenerationAsync(cancellationToken);
            await new PlacementStore(generation.DataSource).AnnounceAsync(engine.Silo!.Name, projections.All, cancellationToken);
        }

        var view = await views.GetAsync(TimeSpan.Zero, cancellationToken);
        ReportUnplaced(view);
        var here = locals.All.Select(local => local.Value).ToHashSet();
        var due = view.Partitions.Where(partition => projections.Find(partition.Key.Projection) is not null && (everything || IsDue(partition)));
        await Parallel.ForEachAsync(
            due,
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (partition, token) => await grains.GetGrain<IProjectionPartitionGrain>(partition.Key.ToString()).EnsureRunningAsync(token));
        return await FollowConfigurationAsync(view, cancellationToken) && view.IsComplete && !view.Partitions.Any(partition => partition.Runs && (view.IsOrphan(partition) || IsMissing(partition)));

        bool IsDue(PlacedPartition partition) =>
            (view.IsOrphan(partition) && view.HomeOf(partition.Key) == engine.Silo?.Name) || IsMissing(partition) || IsMisplaced(view, partition);

        bool IsMissing(PlacedPartition partition) => partition.Owner == engine.Silo?.Name && !here.Contains(partition.Key);
    }

    // Of all silos only the one where partition 0 belongs: one is enough, and there always is one. In every round, since silos come to
    // agree when the last of the others goes.
    /// <returns>Whether the configuration of all silos is known.</returns>
    private async Task<bool> FollowConfigurationAsync(PlacementView view, CancellationToken cancellationToken)
    {
        var isKnown = true;
        foreach (var projection in projections.All.Where(projection => view.HomeOf(new PartitionKey(projection.Name, 0)) == engine.Silo?.Name))
        {
            var counts = await configured.OfAsync(projection.Name, cancellationToken);
            isKnown &= counts.Count > 0;
            var generation = await engine.Feed.GenerationAsync(cancellationToken);
            if (await ProjectionRepartition.WantedAsync(generation, projection.Name, counts, cancellationToken) is not null)
                await grains.GetGrain<IProjectionGrain>(projection.Name).EnsureRunningAsync(cancellationToken);
        }

        return isKnown;
    }

    private bool IsMisplaced(PlacementView? view) => view?.Partitions.Any(partition => IsMisplaced(view, partition)) == true;

    private bool IsMisplaced(PlacementView view, PlacedPartition partition) =>
        partition.Owner == engine.Silo?.Name && view.HomeOf(partition.Key) != engine.Silo?.Name;

    private void ReportUnplaced(PlacementView view)
    {
        var unplaced = string.Join(", ", view.Unplaced);
        if (unplaced.Length > 0 && unplaced != _unplaced && view.IsComplete)
            LogUnplaced(unplaced);
        _unplaced = unplaced;
    }

    // Each activation moves itself: it finishes or rolls back its batch, and starts where the others expect it.
    private async Task HandOverAsync(CancellationToken cancellationToken)
    {
        views.Leaving = true;
        var moving = new List<IGrainContext>();
        var view = await views.GetAsync(TimeSpan.Zero, cancellationToken);
        foreach (var (activation, key) in locals.All)
        {
            if (view.HomeOf(key) is not { } home)
                continue;
            moving.Add(activation);
            activation.Migrate(new() { [Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey] = SiloAddress.FromParsableString(home) }, cancellationToken);
        }

        await locals.GoneAsync(moving, cancellationToken);
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        await new PlacementStore(generation.DataSource).WithdrawAsync(engine.Silo!.Name, cancellationToken);
        if (moving.Count > 0)
            LogHandedOver(moving.Count);
    }

    private async Task CompleteRebuildsAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var any = true;
            try
            {
                var generation = await engine.Feed.GenerationAsync(cancellationToken);
                any = await new ProjectionStateStore(generation.DataSource).CompleteRebuildsAsync(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(exception.Message);
            }

            await Task.Delay(any ? _rebuildInterval : _noRebuildInterval, engine.Time, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Supervision will be tried again: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Unplaced: no silo of this cluster hosts {Projections}. Start one that does, or delete it from the table projections")]
    private partial void LogUnplaced(string projections);

    [LoggerMessage(Level = LogLevel.Information, Message = "Handed {Partitions} partitions over to other silos")]
    private partial void LogHandedOver(int partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not all partitions could be handed over; other silos will find them: {Reason}")]
    private partial void LogNotHandedOver(string reason);
}
