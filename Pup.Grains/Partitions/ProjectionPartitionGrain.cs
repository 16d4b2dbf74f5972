using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Pup.Client;
using Pup.Grains.Coordination;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>
/// Gives a partition's runner a life in the cluster. The reminder brings the grain back wherever a silo is left; in between, a
/// background task on the grain's scheduler drives it. (Not a timer: a timer's callback cannot be cancelled at shutdown.)
/// </summary>
[KeepAlive]
[Immovable]
[SpreadPlacement]
internal sealed partial class ProjectionPartitionGrain(
    Engine engine,
    EventFeed feed,
    ProjectionRegistry projections,
    ProjectionRebuild rebuild,
    PlacementViews views,
    LocalPartitions locals,
    ILocalSiloDetails silo,
    ILogger<ProjectionPartitionGrain> logger)
    : Grain, IProjectionPartitionGrain, IRemindable, IDisposable
{
    private const string ReminderName = "alive";

    // After so many periods without a tick the reminder is taken for lost.
    private const int MissedTicks = 3;

    private readonly CancellationTokenSource _stopping = new();
    private PartitionRunner? _runner;
    private Task _drive = Task.CompletedTask;
    private long _activatedAt;
    private long? _reminderSeenAt;

    private PartitionKey Key => PartitionKey.Parse(this.GetPrimaryKeyString());

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _activatedAt = engine.Time.GetTimestamp();
        locals.Add(GrainContext, Key);
        StartIfStopped();
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await _drive.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            LogLate(this.GetPrimaryKeyString());
        }
        finally
        {
            locals.Remove(GrainContext);
        }
    }

    public async Task EnsureRunningAsync(CancellationToken cancellationToken = default)
    {
        StartIfStopped();
        if (!MovedAway())
            await SeeToReminderAsync(cancellationToken);
    }

    public Task WakeAsync(CancellationToken cancellationToken = default)
    {
        StartIfStopped();
        _runner?.Wake();
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _reminderSeenAt = engine.Time.GetTimestamp();
        StartIfStopped();
        // Unplaced: the next tick places it anew, perhaps where it can run.
        if (_runner is null)
            DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<PartitionStatus> GetState() => Task.FromResult(new PartitionStatus
    {
        Projection = Key.Projection,
        Partition = Key.Partition,
        State = _runner?.State.ToString() ?? "Unplaced",
        Trouble = _runner is null ? $"This silo does not host projection '{Key.Projection}'." : _runner.Journal.Trouble,
        Position = _runner?.Position ?? 0,
        Lag = _runner is { Epoch: > 0 } runner ? feed.Status.LagOf(runner.Position) : null,
        LookedAt = feed.Status.LookedAt,
        Epoch = _runner?.Epoch ?? 0,
        Silo = silo.SiloAddress.ToString(),
        Events = _runner?.Journal.Events ?? 0,
        ParkedKeys = _runner?.Journal.ParkedKeys ?? 0,
        Failures = _runner?.Journal.Failures ?? 0,
        Deadlocks = _runner?.Journal.Deadlocks ?? 0,
        LastCommit = _runner?.Journal.LastCommit,
        HandlerTime = _runner?.Journal.Times.Handling ?? default,
        CommitTime = _runner?.Journal.Times.Committing ?? default,
        WaitTime = _runner?.Journal.Times.Waiting ?? default,
    });

    public void Dispose() => _stopping.Dispose();

    private void StartIfStopped()
    {
        if (!_drive.IsCompleted || _stopping.IsCancellationRequested)
            return;
        if (projections.Find(Key.Projection) is not { } definition)
        {
            LogUnknown(this.GetPrimaryKeyString());
            return;
        }

        _drive = DriveAsync(definition);
    }

    // Moves nobody but itself, and not often: a partition that runs well is better left alone. One that cannot run here goes at once.
    private bool MovedAway()
    {
        if (_runner is not null && engine.Time.GetElapsedTime(_activatedAt) < engine.Options.MoveInterval)
            return false;
        var key = Key;
        if (views.Last?.HomeOf(key) is not { } home || home == engine.Silo?.Name)
            return false;
        LogMoves(key, home);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(home));
        MigrateOnIdle();
        return true;
    }

    private async Task SeeToReminderAsync(CancellationToken cancellationToken)
    {
        if (_reminderSeenAt is { } seenAt && engine.Time.GetElapsedTime(seenAt) < MissedTicks * engine.Options.ReminderPeriod)
            return;
        // A new activation only asks, which costs the server no write; one that waited for ticks in vain registers anew.
        if (_reminderSeenAt is not null || await this.GetReminder(ReminderName, cancellationToken) is null)
            await this.RegisterOrUpdateReminder(ReminderName, engine.Options.ReminderPeriod, engine.Options.ReminderPeriod, cancellationToken);
        _reminderSeenAt = engine.Time.GetTimestamp();
    }

    private async Task DriveAsync(ProjectionDefinition definition)
    {
        try
        {
            PartitionRunner runner;
            do
            {
                if (_runner?.State == PartitionState.Gone)
                    await SeeToReminderAsync(_stopping.Token);
                _runner = runner = new PartitionRunner(engine, definition, Key.Partition, rebuild);
                // Handlers and commits run on the pool; only coming and going concern the grain.
                await Task.Run(() => runner.RunAsync(_stopping.Token));
                // Only now, when the number of partitions was read and this is none of them.
                if (runner.State == PartitionState.Gone)
                    await RemoveReminderAsync();
            }
            // Woken while it was going: a repartition may have brought it back.
            while (runner.TakeWake());

            // Left: another activation owns the partition. Going quietly lets the directory settle on one.
            DeactivateOnIdle();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
    }

    private async Task RemoveReminderAsync()
    {
        try
        {
            if (await this.GetReminder(ReminderName) is { } reminder)
                await this.UnregisterReminder(reminder);
            _reminderSeenAt = null;
        }
        catch (Exception exception)
        {
            // It brings the grain back once more, and then it is removed.
            LogReminder(this.GetPrimaryKeyString(), exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Key} is no more, but its reminder was not removed: {Reason}")]
    private partial void LogReminder(string key, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Key} did not stop in time; its transaction is left to the server to roll back")]
    private partial void LogLate(string key);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partition {Key} moves to {Silo}")]
    private partial void LogMoves(PartitionKey key, string silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Key} was placed on this silo, which does not host its projection")]
    private partial void LogUnknown(string key);
}
