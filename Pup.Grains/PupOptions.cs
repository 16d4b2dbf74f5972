using System.ComponentModel.DataAnnotations;

namespace Pup.Grains;

/// <summary>Settings of the engine. Every one can be set in code, by <c>Pup__Name</c> in the environment, or by a flag.</summary>
public sealed class PupOptions
{
    /// <summary>Connection string of the database that holds both the log and the read models. Required.</summary>
    [Required(AllowEmptyStrings = false)]
    public string ConnectionString { get; set; } = "";

    /// <summary>Whether a starting silo applies missing migrations; otherwise it only verifies. Default: false.</summary>
    public bool AutoMigrate { get; set; }

    /// <summary>Partitions of a projection that does not say otherwise. Default: 1.</summary>
    [Range(1, 10_000)]
    public int TotalPartitions { get; set; } = 1;

    /// <summary>Most events in one transaction. Default: 500.</summary>
    [Range(1, 100_000)]
    public int BatchSize { get; set; } = 500;

    /// <summary>Most payload bytes in one transaction; a single larger event still goes alone. Default: 16 MiB.</summary>
    [Range(1, long.MaxValue)]
    public long BatchBytes { get; set; } = 16L << 20;

    /// <summary>Partitions that may commit at the same time on this silo; others wait their turn. Default: 2 per core.</summary>
    [Range(1, 1_000)]
    public int Workers { get; set; } = 2 * Environment.ProcessorCount;

    /// <summary>Longest time a handler may take for one batch, and then its queued statements, before the attempt counts as failed. Default: 30 s.</summary>
    public TimeSpan HandlerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long past its timeout a handler that ignores its token is left before the partition is <c>faulted</c>. Default: 10 s.</summary>
    public TimeSpan HandlerGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts at a failing event before the error policy applies. Default: 3.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>First pause between attempts; doubles, with jitter, up to <see cref="MaxRetryDelay"/>. Default: 100 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause between attempts. Default: 15 s.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What happens to an event that keeps failing. Default: Park.</summary>
    public ErrorPolicy ErrorPolicy { get; set; } = ErrorPolicy.Park;

    /// <summary>Parked keys per partition beyond which parking turns into stopping. Default: 100.</summary>
    [Range(1, 100_000)]
    public int ParkedKeysLimit { get; set; } = 100;

    /// <summary>Takeovers of a partition without progress after which its next batch is run one event at a time. Default: 3.</summary>
    [Range(1, 100)]
    public int TakeoverLimit { get; set; } = 3;

    /// <summary>Positions in one page of the feed to begin with; it grows with the sparsity of a scope. Default: 1,024.</summary>
    [Range(16, 1 << 20)]
    public int PageSpan { get; set; } = 1024;

    /// <summary>Most payload bytes in one read of a page. Default: 8 MiB.</summary>
    [Range(1, long.MaxValue)]
    public long PageBytes { get; set; } = 8L << 20;

    /// <summary>Most bytes the silo's page cache may hold. Default: 64 MiB.</summary>
    [Range(1, long.MaxValue)]
    public long PageCacheBytes { get; set; } = 64L << 20;

    /// <summary>Pause between two looks while events are in flight. Default: 5 ms, and at least 20 × the last look's duration.</summary>
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Longest pause between two looks when nothing happens; twice that when nothing has happened for 30 s. Default: 100 ms.</summary>
    public TimeSpan IdleLookInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a silo counts the latest positions below the mark again, in search of events that came late; 0 turns it off. Default: 30 s.</summary>
    public TimeSpan AuditInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many positions below the mark are counted again. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int AuditSpan { get; set; } = 10_000;

    /// <summary>How often progress that only skipped events is written. Default: 1 s.</summary>
    public TimeSpan SkipInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often an idle partition's <c>updated_at</c> is touched. Default: 60 s.</summary>
    public TimeSpan TouchInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long taking ownership waits for a lock before it looks who holds it. Default: 2 s.</summary>
    public TimeSpan OwnershipLockTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Period of the reminder that brings a partition back when everything else failed; at least 1 min. Default: 1 min.</summary>
    public TimeSpan ReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether silos bring partitions back as soon as one is missed; otherwise only reminders do. Default: true.</summary>
    public bool Supervise { get; set; } = true;

    /// <summary>How often a silo makes sure that all partitions run. Default: 30 s.</summary>
    public TimeSpan SupervisionInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a silo must have been there before partitions that run well elsewhere move to it. Default: 30 s.</summary>
    public TimeSpan SettleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a partition stays where it runs well, though it would spread more evenly elsewhere. Default: 1 min.</summary>
    public TimeSpan MoveInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a silo looks whether partitions that are paused or faulted may run again. Default: 5 s.</summary>
    public TimeSpan HaltedPollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether series of partitions carry the label <c>partition</c>; otherwise there is one for each projection. Default: true.</summary>
    public bool MetricsPartitionLabel { get; set; } = true;

    /// <summary>How often a silo reads for its metrics how far all projections are, while somebody collects them. Default: 2 s.</summary>
    public TimeSpan MetricsInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Server-side limit on a silo's transaction that stands idle, for silos that freeze. Default: 10 s.</summary>
    public TimeSpan IdleInTransactionTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
