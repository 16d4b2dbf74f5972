using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Grains.Telemetry;

namespace Pup.Grains.Partitions;

/// <summary>Applies one batch to its end: whole if it can be, else around the events that fail, which the error policy takes.</summary>
internal sealed class BatchApplier(
    Engine engine,
    ProjectionDefinition definition,
    Generation generation,
    Ownership ownership,
    SegmentCommitter committer,
    ParkedKeys parked,
    PartitionJournal journal)
{
    private const int MostDisturbances = 5;

    private readonly SuspectStore _suspects = new(definition.Name, generation, ownership);

    // After several takeovers without progress one of these events may be killing the process: alone, it can be told which.
    private bool _cautious = ownership.Takeovers >= engine.Options.TakeoverLimit || ownership.SuspectPosition > ownership.Position;

    /// <param name="batch">What to apply.</param>
    /// <param name="next">The batch after it, when it has been read: its handlers may run while this one commits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True when the batch went through without a failure.</returns>
    public async Task<bool> ApplyAsync(EventBatch batch, Task<EventBatch> next, CancellationToken cancellationToken)
    {
        var plan = new SegmentPlan(batch.Items, batch.UpTo, _cautious);
        var condemned = new Dictionary<int, DeadLetter>();
        var clean = true;
        var attempts = 0;
        var disturbances = 0;
        plan.Passed(committer.Stored);
        while (!plan.IsDone)
        {
            var segment = plan.Next();
            if (_cautious && condemned.Count == 0)
                Convict(batch, segment, condemned);

            var split = SegmentSplit.Of(batch.Items, segment, parked, condemned);
            var result = _cautious && split.Live.Count > 0
                ? await CommitAloneAsync(batch.Items[segment.Start].Event.GlobalPosition, split, segment.UpTo, cancellationToken)
                : await committer.CommitAsync(split.Live, Bookkeeping(split), segment.UpTo, split.Letters.Count == 0 && segment.UpTo == batch.UpTo ? next : null, cancellationToken);
            if (committer.Stored >= segment.UpTo)
            {
                // Which of several attempts it was, with or without these letters, only the database knows: read its parked keys anew.
                if (result.IsEarlier && split.Letters.Count > 0)
                    throw new WorkerStoppedException(new WorkerOutcome.Superseded());
                Settle(condemned.Values);
                if (result.IsEarlier)
                    journal.AppliedEarlier(batch.Items, segment.Start, committer.Stored);
                plan.Passed(committer.Stored);
                condemned.Clear();
                attempts = disturbances = 0;
                continue;
            }

            clean = false;
            journal.Failed(result.Failure);
            BatchSpans.Failed(batch, result.Cause);
            if (result.Failure == FailureKind.Environment)
            {
                var position = batch.Items[segment.Start].Event.GlobalPosition;
                throw new WorkerStoppedException(new WorkerOutcome.Lacking(EnvironmentFailure.Explain(result.Cause!, definition.Name, ownership.Partition, position)));
            }

            if (result.IsTimeout)
            {
                // One by one and behind a fence that stands, it shows whether it is a statement that hangs, and whose.
                committer.FenceAlone = true;
                plan.Suspect(segment, -1);
            }

            if (result.Failure == FailureKind.Transient)
            {
                // A session of this very process that the line lost in the middle of a batch keeps the row locked, and no timeout of the
                // server ends it. Taking ownership anew does, and costs nothing but a new epoch.
                if (++disturbances > MostDisturbances)
                    throw new NpgsqlException($"Position {segment.UpTo} could not be committed in {disturbances} attempts: {result.Cause!.Message}", result.Cause);
                await PauseAsync(result.Cause!, disturbances, cancellationToken);
                continue;
            }

            var failed = split.IndexOf(result.Item);
            if (result.Failure != FailureKind.Handler || split.Live.Count == 0)
                throw Fault(batch.Items[failed >= 0 ? failed : segment.Start], result.Cause!);
            plan.Suspect(segment, failed);
            if (!segment.IsSingleEvent)
                continue;
            if (++attempts < definition.MaxAttempts)
                await PauseAsync(result.Cause!, attempts, cancellationToken);
            else
                Condemn(batch.Items, failed >= 0 ? [failed] : split.Indexes(segment), result.Cause!, attempts, condemned);
        }

        if (_cautious)
            await _suspects.ClearAsync(cancellationToken);
        _cautious = committer.FenceAlone = false;
        BatchSpans.Applied(batch);
        return clean;
    }

    private List<NpgsqlBatchCommand> Bookkeeping(SegmentSplit split) =>
        split.Letters.Count == 0 ? [] : [DeadLetterCommands.Insert(definition.Name, split.Letters)];

    private async Task PauseAsync(Exception cause, int attempt, CancellationToken cancellationToken)
    {
        var delay = Backoff.Delay(attempt, engine.Options.RetryDelay, engine.Options.MaxRetryDelay, Random.Shared.NextDouble());
        journal.Retrying(cause, attempt, delay);
        await Task.Delay(delay, engine.Time, cancellationToken);
    }

    private void Convict(EventBatch batch, Segment segment, Dictionary<int, DeadLetter> condemned)
    {
        if (batch.Items[segment.Start].Event.GlobalPosition != ownership.SuspectPosition || ownership.SuspectAttempts < SuspectStore.Limit)
            return;
        var cause = new InvalidOperationException($"The process ended {ownership.SuspectAttempts} times while this event was handled alone.");
        Condemn(batch.Items, Enumerable.Range(segment.Start, segment.End - segment.Start), cause, ownership.SuspectAttempts, condemned);
    }

    // What ends in any way that the process survives, a failure or a stop, takes the suspicion back.
    private async Task<AttemptResult> CommitAloneAsync(long position, SegmentSplit split, long target, CancellationToken cancellationToken)
    {
        await engine.Alone.WaitAsync(cancellationToken);
        try
        {
            await _suspects.RecordAsync(position, cancellationToken);
            var result = await committer.CommitAsync(split.Live, Bookkeeping(split), target, null, cancellationToken);
            if (result.Failure is not null)
                await _suspects.ClearAsync(cancellationToken);
            return result;
        }
        catch (OperationCanceledException)
        {
            await _suspects.TryClearAsync();
            throw;
        }
        finally
        {
            engine.Alone.Release();
        }
    }

    private void Condemn(IReadOnlyList<WorkItem> items, IEnumerable<int> indexes, Exception cause, int attempts, Dictionary<int, DeadLetter> condemned)
    {
        foreach (var index in indexes)
        {
            if (definition.ErrorPolicy == ErrorPolicy.Stop)
                throw Fault(items[index], cause);
            var status = definition.ErrorPolicy == ErrorPolicy.Park ? DeadLetterStatus.Failed : DeadLetterStatus.Skipped;
            condemned[index] = new DeadLetter(items[index], status, attempts, cause.ToString()) { Cause = CauseText.Of(cause) };
        }

        var newlyParked = condemned.Values.Count(letter => letter.Status == DeadLetterStatus.Failed && !parked.Contains(letter.Item.Key));
        if (parked.WouldExceed(newlyParked))
        {
            var first = condemned.Values.First();
            throw Fault(first.Item, new InvalidOperationException(
                $"{parked.Count} ordering keys are parked already and the cap is {engine.Options.ParkedKeysLimit}; a broken deployment must not park the whole log. Cause: {CauseText.Of(cause)}", cause));
        }
    }

    private void Settle(IEnumerable<DeadLetter> letters)
    {
        foreach (var letter in letters)
        {
            if (letter.Status == DeadLetterStatus.Failed)
                parked.Add(letter.Item.Key);
            journal.DeadLettered(letter, parked.Count);
        }
    }

    private WorkerStoppedException Fault(WorkItem item, Exception cause) => new(new WorkerOutcome.Faulted(
        $"Projection '{definition.Name}' partition {ownership.Partition} stopped at position {item.Event.GlobalPosition} "
        + $"({item.Event.EventType} {item.Event.EventId}): {CauseText.Of(cause)} Fix the cause, then `pup resume {definition.Name}`.")
    {
        Event = item.Event,
        Cause = cause,
    });
}
