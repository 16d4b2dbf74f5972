using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>
/// The life of one partition in this process: take ownership, work until something ends it, and again. Ends by itself only when
/// the partition belongs to somebody else or does not exist any more.
/// </summary>
internal sealed class PartitionRunner(
    Engine engine, ProjectionDefinition definition, int partition, ProjectionRebuild rebuild)
{
    private readonly OwnershipStore _ownerships = new(engine.Options, engine.Time, engine.Silo?.Name);
    private readonly WorkerSignals _signals = new();
    private readonly PartitionJournal _journal = new(
        definition.Name, partition, engine.Time, engine.Loggers.CreateLogger("Pup.Partition"));

    private PartitionWorker? _worker;
    private TaskCompletionSource _resume = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PartitionState State { get; private set; } = PartitionState.Starting;

    /// <summary>Whether the projection was found to have fewer partitions than this one's index.</summary>
    public bool IsRetired { get; private set; }

    public PartitionJournal Journal => _journal;

    /// <summary>How far the partition has seen the log; 0 before its first ownership.</summary>
    public long Position => _worker?.Position ?? 0;

    public long Epoch { get; private set; }

    /// <summary>Something was changed on purpose: resume, rebuild, a retry of dead letters. Looks at it at once.</summary>
    public void Wake()
    {
        _signals.Ask();
        Volatile.Read(ref _resume).TrySetResult();
    }

    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var failures = 0; State != PartitionState.Left;)
        {
            try
            {
                var generation = await engine.Feed.GenerationAsync(cancellationToken);
                await RunAsync(generation, cancellationToken);
                failures = 0;
            }
            catch (GenerationEndedException)
            {
                // The next generation is awaited above.
            }
            catch (Exception exception)
            {
                // While everything is being taken down, whatever fails fails because of that.
                cancellationToken.ThrowIfCancellationRequested();
                var delay = Backoff.Delay(++failures, engine.Options.RetryDelay, engine.Options.MaxRetryDelay, Random.Shared.NextDouble());
                _journal.Retrying(exception, failures, delay);
                await Task.Delay(delay, engine.Time, cancellationToken);
            }
        }
    }

    private async Task RunAsync(Generation generation, CancellationToken cancellationToken)
    {
        switch (await _ownerships.OwnAsync(generation, definition, partition, Epoch, cancellationToken))
        {
            case OwnershipResult.Taken taken:
                await WorkAsync(generation, taken.Ownership, cancellationToken);
                break;
            case OwnershipResult.Halted halted:
                await HaltAsync(generation, PartitionState.Halted, $"{halted.State.Replace('_', ' ')}{(halted.Reason is null ? "" : ": " + halted.Reason)}", cancellationToken);
                break;
            case OwnershipResult.Faulted faulted:
                await HaltAsync(generation, PartitionState.Faulted, faulted.Reason, cancellationToken);
                break;
            case OwnershipResult.RowDeleted:
                _journal.RowDeleted("the projection is rebuilt from the start");
                await rebuild.RunAsync(generation, definition, engine.Feed.MarkOf(generation), cancellationToken);
                break;
            case OwnershipResult.NoSuchPartition:
                IsRetired = true;
                State = PartitionState.Left;
                break;
        }
    }

    private async Task WorkAsync(Generation generation, Ownership ownership, CancellationToken cancellationToken)
    {
        Epoch = ownership.Epoch;
        _worker = new PartitionWorker(engine, definition, definition.Create(), generation, ownership, _signals, _journal);
        State = PartitionState.Running;
        _journal.Parked(ownership.ParkedKeys.Count);
        _journal.Started(ownership.Epoch, ownership.Position, ownership.Partitions);
        try
        {
            switch (await _worker.RunAsync(cancellationToken))
            {
                case WorkerOutcome.OwnershipLost:
                    _journal.Left();
                    State = PartitionState.Left;
                    break;
                case WorkerOutcome.Faulted faulted:
                    await FaultAsync(generation, ownership, faulted.Reason, cancellationToken);
                    break;
                case WorkerOutcome.ForeignWriter foreign:
                    await FaultAsync(
                        generation,
                        ownership,
                        $"Foreign writer: checkpoint '{ownership.Row}' was moved from {foreign.Expected} to {foreign.Found} by something that is not Pup. "
                        + $"Stop it (a Go worker, an update by hand), then `pup resume {definition.Name}`.",
                        cancellationToken);
                    break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await LeaveAsync(generation, ownership);
            _journal.Stopped(_worker.Position);
            throw;
        }
    }

    private async Task LeaveAsync(Generation generation, Ownership ownership)
    {
        using var limit = new CancellationTokenSource(engine.Options.OwnershipLockTimeout, engine.Time);
        try
        {
            await OwnershipStore.LeaveAsync(generation, definition.Name, ownership, limit.Token);
        }
        catch (Exception exception) when (exception is NpgsqlException or ObjectDisposedException or OperationCanceledException)
        {
            // The next owner is a little more careful than it need be.
        }
    }

    private async Task FaultAsync(Generation generation, Ownership ownership, string reason, CancellationToken cancellationToken)
    {
        // Not written means that another owner took over meanwhile; it will meet the same trouble and say so.
        if (!await FaultStore.SetAsync(generation, definition.Name, ownership, reason, cancellationToken))
            State = PartitionState.Left;
    }

    private async Task HaltAsync(Generation generation, PartitionState state, string reason, CancellationToken cancellationToken)
    {
        // Armed before the state is visible: a wake-up between the two must not be lost.
        var resume = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _resume, resume);
        if (State != state)
            _journal.Halted(reason);
        State = state;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, generation.Ended);
        try
        {
            await resume.Task.WaitAsync(engine.Options.HaltedPollInterval, engine.Time, ended.Token);
        }
        catch (TimeoutException)
        {
            // Nobody called; the database may say otherwise all the same.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GenerationEndedException(generation.Number);
        }
    }
}
