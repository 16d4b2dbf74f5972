using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Runtime;
using Pup.Client;
using Pup.Grains.Coordination;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>
/// Gives a partition's runner a life in the cluster. The reminder brings the grain back wherever a silo is left; in between, a
/// background task on the grain's scheduler drives it. (Not a timer: a timer's callback cannot be cancelled at shutdown.)
/// </summary>
[KeepAlive]
[Immovable]
internal sealed partial class ProjectionPartitionGrain(
    Engine engine, ProjectionRegistry projections, ProjectionRebuild rebuild, ILocalSiloDetails silo, ILogger<ProjectionPartitionGrain> logger)
    : Grain, IProjectionPartitionGrain, IRemindable, IDisposable
{
    private const string ReminderName = "alive";

    private readonly CancellationTokenSource _stopping = new();
    private PartitionRunner? _runner;
    private Task _drive = Task.CompletedTask;

    private PartitionKey Key => PartitionKey.Parse(this.GetPrimaryKeyString());

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
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
    }

    public async Task EnsureRunningAsync(CancellationToken cancellationToken = default)
    {
        StartIfStopped();
        await RegisterReminderAsync(cancellationToken);
    }

    public Task WakeAsync(CancellationToken cancellationToken = default)
    {
        StartIfStopped();
        _runner?.Wake();
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        StartIfStopped();
        return Task.CompletedTask;
    }

    public Task<PartitionStatus> GetState() => Task.FromResult(new PartitionStatus
    {
        Projection = Key.Projection,
        Partition = Key.Partition,
        State = _runner?.State.ToString() ?? "Unplaced",
        Trouble = _runner is null ? $"This silo does not host projection '{Key.Projection}'." : _runner.Journal.Trouble,
        Position = _runner?.Position ?? 0,
        Epoch = _runner?.Epoch ?? 0,
        Silo = silo.SiloAddress.ToString(),
        Events = _runner?.Journal.Events ?? 0,
        ParkedKeys = _runner?.Journal.ParkedKeys ?? 0,
        Failures = _runner?.Journal.Failures ?? 0,
        Deadlocks = _runner?.Journal.Deadlocks ?? 0,
        LastCommit = _runner?.Journal.LastCommit,
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

    private async Task DriveAsync(ProjectionDefinition definition)
    {
        try
        {
            PartitionRunner runner;
            do
            {
                if (_runner?.State == PartitionState.Gone)
                    await RegisterReminderAsync(_stopping.Token);
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

    private Task<IGrainReminder> RegisterReminderAsync(CancellationToken cancellationToken) =>
        this.RegisterOrUpdateReminder(ReminderName, engine.Options.ReminderPeriod, engine.Options.ReminderPeriod, cancellationToken);

    private async Task RemoveReminderAsync()
    {
        try
        {
            if (await this.GetReminder(ReminderName) is { } reminder)
                await this.UnregisterReminder(reminder);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Key} was placed on this silo, which does not host its projection")]
    private partial void LogUnknown(string key);
}
