using Microsoft.Extensions.Logging;
using Pup.Grains.Checkpoints;
using Pup.Grains.Failures;
using Pup.Grains.Telemetry;

namespace Pup.Grains.Partitions;

/// <summary>What a partition's life looks like from outside: its counters, its last trouble, its log lines.</summary>
internal sealed partial class PartitionJournal(string projection, int partition, TimeProvider time, ILogger logger, BatchInstruments batches)
{
    private long _events;
    private long _failures;
    private long _failedAttempts;
    private long _deadlocks;
    private long _fenceLosses;
    private long _starts;
    private int _parkedKeys;

    /// <summary>Events committed by this process: one that makes several items counts once, and one that was tried several times, too.</summary>
    public long Events => Interlocked.Read(ref _events);

    /// <summary>Failed attempts of handlers.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Failed attempts of any kind.</summary>
    public long FailedAttempts => Interlocked.Read(ref _failedAttempts);

    public long Deadlocks => Interlocked.Read(ref _deadlocks);

    /// <summary>Batches that the fence refused.</summary>
    public long FenceLosses => Interlocked.Read(ref _fenceLosses);

    /// <summary>Times that ownership was taken.</summary>
    public long Starts => Interlocked.Read(ref _starts);

    /// <summary>Whether this process owns the partition, as far as it knows.</summary>
    public bool IsOwned { get; private set; }

    /// <summary>Where the time went.</summary>
    public WorkTimes Times { get; } = new(time);

    public int ParkedKeys => Volatile.Read(ref _parkedKeys);

    public DateTimeOffset? LastCommit { get; private set; }

    /// <summary>The last trouble, null once a batch committed after it.</summary>
    public string? Trouble { get; private set; }

    public void Committed(IReadOnlyList<WorkItem> items, long position, TimeSpan duration)
    {
        var events = CountEvents(items, 0, long.MaxValue);
        Interlocked.Add(ref _events, events);
        if (events > 0)
            batches.Committed(events, items[0].Event, duration);
        LastCommit = time.GetUtcNow();
        Trouble = null;
        LogCommitted(projection, partition, events, position, duration.TotalMilliseconds);
    }

    /// <summary>These turned out to have been committed, by an attempt whose answer was lost.</summary>
    public void AppliedEarlier(IReadOnlyList<WorkItem> items, int start, long upTo) => Interlocked.Add(ref _events, CountEvents(items, start, upTo));

    public void Failed(FailureKind? kind)
    {
        Interlocked.Increment(ref _failedAttempts);
        if (kind == FailureKind.Handler)
            Interlocked.Increment(ref _failures);
    }

    public void Parked(int keys) => Volatile.Write(ref _parkedKeys, keys);

    public void Retrying(Exception cause, int attempt, TimeSpan delay)
    {
        Trouble = CauseText.Of(cause);
        if (FailureClassifier.IsDeadlock(cause))
        {
            Interlocked.Increment(ref _deadlocks);
            LogDeadlock(projection, partition, attempt, delay.TotalMilliseconds);
        }
        else
        {
            LogRetrying(projection, partition, Trouble, attempt, delay.TotalMilliseconds);
        }
    }

    public void FenceInDoubt(Exception cause)
    {
        if (cause is FenceLostException)
            Interlocked.Increment(ref _fenceLosses);
        LogFence(projection, partition, cause.Message);
    }

    public void DeadLettered(DeadLetter letter, int parkedKeys)
    {
        Parked(parkedKeys);
        LogDeadLettered(projection, partition, letter.Item.Event.GlobalPosition, letter.Item.Event.EventType, letter.Item.Event.EventId, letter.Status, letter.Attempts, letter.Cause);
    }

    /// <summary>What an operator asked to be tried again failed again.</summary>
    public void RetryFailed(long position, Exception cause) => LogRetryFailed(projection, partition, position, CauseText.Of(cause));

    public void Started(long epoch, long position, int partitions)
    {
        IsOwned = true;
        Interlocked.Increment(ref _starts);
        LogStarted(projection, partition, partitions, position, epoch);
    }

    public void Stopped(long position)
    {
        IsOwned = false;
        LogStopped(projection, partition, position);
    }

    public void Left()
    {
        IsOwned = false;
        LogLeft(projection, partition);
    }

    public void Gone(int partitions)
    {
        IsOwned = false;
        LogGone(projection, partition, partitions);
    }

    public void Halted(string reason)
    {
        Trouble = reason;
        LogHalted(projection, partition, reason);
    }

    public void RowDeleted(string consequence) => LogRowDeleted(projection, partition, consequence);

    // Items of one event follow each other.
    private static int CountEvents(IReadOnlyList<WorkItem> items, int start, long upTo)
    {
        var (events, last) = (0, -1L);
        for (var i = start; i < items.Count && items[i].Event.GlobalPosition <= upTo; i++)
        {
            if (items[i].Event.GlobalPosition == last)
                continue;
            last = items[i].Event.GlobalPosition;
            events++;
        }

        return events;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Projection} partition {Partition} committed {Events} events up to {Position} in {Milliseconds} ms")]
    private partial void LogCommitted(string projection, int partition, int events, long position, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection} partition {Partition}: {Cause} Attempt {Attempt}; again in {Milliseconds:0} ms")]
    private partial void LogRetrying(string projection, int partition, string cause, int attempt, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection} partition {Partition}: deadlock, the batch was rolled back. Attempt {Attempt}; again in {Milliseconds:0} ms")]
    private partial void LogDeadlock(string projection, int partition, int attempt, double milliseconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Projection} partition {Partition} reads its checkpoint again: {Cause}")]
    private partial void LogFence(string projection, int partition, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Projection} partition {Partition}: position {Position} ({EventType} {EventId}) is a dead letter ({Status}) after {Attempts} attempts: {Cause} See `pup dead-letters list`")]
    private partial void LogDeadLettered(string projection, int partition, long position, string eventType, Guid eventId, DeadLetterStatus status, int attempts, string? cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection} partition {Partition}: the dead letter at position {Position} was tried again, and failed: {Cause}")]
    private partial void LogRetryFailed(string projection, int partition, long position, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Projection} partition {Partition} of {Partitions} runs from position {Position}, epoch {Epoch}")]
    private partial void LogStarted(string projection, int partition, int partitions, long position, long epoch);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Projection} partition {Partition} stopped at position {Position}")]
    private partial void LogStopped(string projection, int partition, long position);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Projection} partition {Partition} belongs to another owner now")]
    private partial void LogLeft(string projection, int partition);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Projection} partition {Partition} is no more: the projection has {Partitions} partitions")]
    private partial void LogGone(string projection, int partition, int partitions);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Projection} partition {Partition} does not run: {Reason}")]
    private partial void LogHalted(string projection, int partition, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection} partition {Partition}: its checkpoint row was deleted; {Consequence}")]
    private partial void LogRowDeleted(string projection, int partition, string consequence);
}
