using System.Diagnostics;
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
    private readonly PartitionJournal _journal = engine.Instruments.Track(definition.Name, partition, new PartitionJournal(
        definition.Name, partition, engine.Time, engine.Loggers.CreateLogger("Pup.Partition"), engine.Instruments.BatchesOf(definition.Name)));

    private PartitionWorker? _worker;
    private TaskCompletionSource _resume = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PartitionState _state = PartitionState.Starting;
    private int _lacks;

    // Once it has owned the partition it takes it from nobody by itself: two that did would take it from each other for ever.
    private bool _mayTake = true;
    private DateTimeOffset? _lackingSince;

    /// <summary>Faulted also while it tries whether what the database lacked is there now, until something commits.</summary>
    public PartitionState State => _lacks > 0 && _state == PartitionState.Running && _journal.LastCommit == _lackingSince ? PartitionState.Faulted : _state;

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

    /// <summary>Whether it was woken too late to heed it.</summary>
    public bool TakeWake() => _signals.TakeAsked();

    /// <summary>Ends when the partition is done with the log up to there, or cannot be expected to be soon, or after <paramref name="limit"/>.</summary>
    public Task PassedAsync(int partitions, long position, TimeSpan limit, CancellationToken cancellationToken) =>
        _worker?.PassedAsync(partitions, position, limit, cancellationToken) ?? Task.CompletedTask;

    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var key = new PartitionKey(definition.Name, partition);
        engine.Runners.Add(key, this);
        try
        {
            await LiveAsync(cancellationToken);
        }
        finally
        {
            engine.Runners.Remove(key, this);
        }
    }

    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        // Whoever happened to activate the partition has nothing to do with what it does from now on.
        Activity.Current = null;
        for (var failures = 0; _state is not (PartitionState.Left or PartitionState.Gone);)
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
        switch (await _ownerships.OwnAsync(generation, definition, partition, Epoch, _mayTake || _signals.IsAsked, cancellationToken))
        {
            case OwnershipResult.Taken taken:
                await WorkAsync(generation, taken.Ownership, cancellationToken);
                break;
            case OwnershipResult.Halted halted:
                await HaltAsync(
                    generation,
                    PartitionState.Halted,
                    new Halt(definition.Name, partition, halted.State, halted.Reason, IsFault: false),
                    $"{halted.State.Replace('_', ' ')}{(halted.Reason is null ? "" : ": " + halted.Reason)}",
                    cancellationToken);
                break;
            case OwnershipResult.Faulted faulted:
                await HaltAsync(
                    generation, PartitionState.Faulted, new Halt(definition.Name, partition, null, null, IsFault: true), faulted.Reason, cancellationToken);
                break;
            case OwnershipResult.RowDeleted:
                _journal.RowDeleted("the projection is rebuilt from the start");
                _mayTake = true;
                await rebuild.RunAsync(generation, definition, engine.Feed.MarkOf(generation), cancellationToken);
                engine.Runners.WakeAll(definition.Name);
                break;
            case OwnershipResult.TakenByAnother:
                _journal.Left();
                _state = PartitionState.Left;
                break;
            case OwnershipResult.NoSuchPartition none:
                _journal.Gone(none.Partitions);
                _state = PartitionState.Gone;
                break;
        }
    }

    private async Task WorkAsync(Generation generation, Ownership ownership, CancellationToken cancellationToken)
    {
        Epoch = ownership.Epoch;
        _mayTake = false;
        _worker = new PartitionWorker(engine, definition, definition.Create(), generation, ownership, _signals, _journal);
        _state = PartitionState.Running;
        _journal.Parked(ownership.ParkedKeys.Count);
        if (ownership.IsRowNew)
            _journal.RowDeleted("the projection cannot be reset, so it applies the log again from position 0 to its read model as it is");
        if (State == PartitionState.Running)
            _journal.Started(ownership.Epoch, ownership.Position, ownership.Partitions);
        try
        {
            switch (await _worker.RunAsync(cancellationToken))
            {
                case WorkerOutcome.Lacking lacking:
                    await AwaitRemedyAsync(generation, ownership, lacking.Reason, cancellationToken);
                    break;
                case WorkerOutcome.RowMissing when !await IsAnotherCountAsync(generation, ownership, cancellationToken):
                    break;
                case WorkerOutcome.Superseded:
                    _mayTake = true;
                    break;
                case WorkerOutcome.OwnershipLost or WorkerOutcome.RowMissing:
                    _journal.Left();
                    _state = PartitionState.Left;
                    break;
                case WorkerOutcome.Faulted faulted:
                    await FaultAsync(generation, ownership, faulted.Reason, null, cancellationToken);
                    break;
                case WorkerOutcome.ForeignWriter foreign:
                    await FaultAsync(
                        generation,
                        ownership,
                        $"Foreign writer: checkpoint '{ownership.Row}' was moved from {foreign.Expected} to {foreign.Found} by something that is not Pup. "
                        + $"Stop it (a Go worker, an update by hand), then `pup resume {definition.Name}`.",
                        FaultStore.ForeignWriter,
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

    // A row that a repartition replaced has a new owner, from whom it must not be taken; one that an operator deleted has none. A
    // partition that is no more finds that out by itself.
    private async Task<bool> IsAnotherCountAsync(Generation generation, Ownership ownership, CancellationToken cancellationToken)
    {
        var partitions = await OwnershipStore.CountPartitionsAsync(generation, definition.Name, cancellationToken);
        return partitions != ownership.Partitions && partition < partitions;
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

    private async Task FaultAsync(Generation generation, Ownership ownership, string reason, string? kind, CancellationToken cancellationToken)
    {
        // Not written means that another owner took over meanwhile; it will meet the same trouble and say so.
        if (!await FaultStore.SetAsync(generation, definition.Name, ownership, reason, kind, cancellationToken))
            _state = PartitionState.Left;
    }

    // No fault: a privilege that is granted or a table that is made ends it, without an operator's word.
    private async Task AwaitRemedyAsync(Generation generation, Ownership ownership, string reason, CancellationToken cancellationToken)
    {
        var resume = Arm();
        if (State != PartitionState.Faulted || _journal.Trouble != reason)
            _journal.Halted(reason);
        _lacks = _journal.LastCommit == _lackingSince ? _lacks + 1 : 1;
        _lackingSince = _journal.LastCommit;
        _state = PartitionState.Faulted;
        await FaultStore.SetTroubleAsync(generation, definition.Name, ownership, reason, cancellationToken);
        var delay = Backoff.Delay(_lacks, engine.Options.RetryDelay, engine.Options.MaxRetryDelay, Random.Shared.NextDouble());
        await WaitAsync(ended => resume.WaitAsync(delay, engine.Time, ended), generation, cancellationToken);
    }

    private async Task HaltAsync(Generation generation, PartitionState state, Halt halt, string reason, CancellationToken cancellationToken)
    {
        // Armed before the state is visible: a wake-up between the two must not be lost.
        var resume = Arm();
        if (State != state)
            _journal.Halted(reason);
        _state = state;
        _mayTake = true;
        await WaitAsync(ended => engine.Halted.ChangedAsync(halt, resume, ended), generation, cancellationToken);
    }

    private Task Arm()
    {
        var resume = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _resume, resume);
        return resume.Task;
    }

    private static async Task WaitAsync(Func<CancellationToken, Task> changeAsync, Generation generation, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, generation.Ended);
        try
        {
            await changeAsync(ended.Token);
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
