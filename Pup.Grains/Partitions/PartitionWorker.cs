using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Grains.Telemetry;

namespace Pup.Grains.Partitions;

/// <summary>
/// The loop of one partition under one ownership: read a batch from the feed, let the handler apply it, commit. While a batch
/// commits, the next one is read and its handlers run ahead. Knows nothing of Orleans; serves tests and one-off catch-up as well as the cluster.
/// </summary>
internal sealed class PartitionWorker
{
    private readonly Generation _generation;
    private readonly Ownership _ownership;
    private readonly Engine _engine;
    private readonly BatchReader _reader;
    private readonly BatchApplier _applier;
    private readonly BatchAttempt _attempt;
    private readonly SegmentCommitter _committer;
    private readonly DeadLetterRetry _retry;
    private readonly CheckpointProgress _progress;
    private readonly WorkTimes _times;
    private readonly WorkerSignals _signals;
    private readonly ProjectionScope _scope;
    private readonly BatchSpans _spans;
    private bool _answering;

    public PartitionWorker(
        Engine engine, ProjectionDefinition definition, IProjection projection, Generation generation, Ownership ownership,
        WorkerSignals signals, PartitionJournal journal)
    {
        _engine = engine;
        _generation = generation;
        _ownership = ownership;
        _signals = signals;
        _times = journal.Times;
        _scope = definition.Scope;
        _spans = new BatchSpans(definition.Name, ownership.Partition);
        _progress = new CheckpointProgress(ownership.Row, ownership.Epoch, ownership.Position, engine.Time, signals.Doubt) { Applied = ownership.Applied };
        var keys = new OrderingKeys(projection);
        var parked = new ParkedKeys(ownership.ParkedKeys, engine.Options.ParkedKeysLimit);
        _attempt = new BatchAttempt(engine, definition, projection, generation, _spans, journal.Times);
        _committer = new SegmentCommitter(engine, _attempt, generation, _progress, journal);
        _reader = new BatchReader(engine.Feed, generation, definition.Scope, keys, definition.Limits, ownership.Applied?.Vectors ?? AppliedVectors.None);
        _applier = new BatchApplier(engine, definition, generation, ownership, _committer, parked, journal);
        _retry = new DeadLetterRetry(definition, generation, ownership, keys, _committer, parked, journal);
    }

    /// <summary>How far this partition has seen the log.</summary>
    public long Position => _progress.Scanned;

    /// <summary>Ends when everything up to there is done, or this worker stops, or after <paramref name="limit"/>; at once for another number of partitions.</summary>
    public Task PassedAsync(int partitions, long position, TimeSpan limit, CancellationToken cancellationToken) =>
        partitions == _ownership.Partitions ? _progress.Waiters.PassedAsync(position, limit, cancellationToken) : Task.CompletedTask;

    /// <exception cref="OperationCanceledException">The worker was asked to stop.</exception>
    public async Task<WorkerOutcome> RunAsync(CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _generation.Ended);
        _engine.Skips.Add(_progress, _generation);
        try
        {
            return await LoopAsync(stopping.Token);
        }
        catch (WorkerStoppedException stopped)
        {
            // Lost to an operation that tells its partitions so (rebuild, resume, …), or to another owner: only then leave.
            var superseded = stopped.Outcome is WorkerOutcome.OwnershipLost or WorkerOutcome.RowMissing && (_answering || _signals.TakeAsked());
            return superseded ? new WorkerOutcome.Superseded() : stopped.Outcome;
        }
        catch (GenerationEndedException)
        {
            return new WorkerOutcome.GenerationEnded();
        }
        catch (OperationCanceledException) when (_generation.Ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new WorkerOutcome.GenerationEnded();
        }
        finally
        {
            _engine.Skips.Remove(_progress);
            _progress.Waiters.End();
            // What was asked and could not be answered stays asked, or the runner would leave to nobody.
            if (_answering)
                _signals.Ask();
            await _attempt.StopAsync();
        }
    }

    private async Task HeedSignalsAsync(CancellationToken cancellationToken)
    {
        if (_signals.TakeDoubt())
            await _committer.VerifyAsync(cancellationToken);
        if (!_signals.TakeAsked())
            return;
        _answering = true;
        await _committer.VerifyAsync(cancellationToken);
        _answering = false;
        await _retry.RunAsync(cancellationToken);
    }

    private async Task<WorkerOutcome> LoopAsync(CancellationToken cancellationToken)
    {
        // Asked for while nobody owned the partition.
        await _retry.RunAsync(cancellationToken);
        var position = _progress.Scanned;
        using var follower = _engine.Feed.Follow(_generation, _scope, position);
        using var prefetch = new Prefetch<EventBatch>();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await HeedSignalsAsync(cancellationToken);

            follower.MoveTo(_progress.Scanned);
            prefetch.Start(token => _reader.ReadAsync(position, _ownership.Partition, _ownership.Partitions, token), cancellationToken);
            if (!prefetch.Task.IsCompleted)
            {
                using var lap = _times.Measure(WorkPart.Wait);
                if (await Task.WhenAny(prefetch.Task, _signals.Task) != prefetch.Task)
                    continue;
            }

            var batch = await prefetch.TakeAsync();
            position = batch.UpTo;
            if (batch.Items.Count == 0)
            {
                _progress.Scan(batch.UpTo);
                continue;
            }

            prefetch.Start(token => Task.Run(() => _reader.ReadAsync(position, _ownership.Partition, _ownership.Partitions, token), token), cancellationToken);
            using var span = _spans.Apply(batch);
            if (!await _applier.ApplyAsync(batch, prefetch.Task, cancellationToken))
                prefetch.Drop();
        }
    }
}
