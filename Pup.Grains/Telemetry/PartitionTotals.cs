using Pup.Grains.Partitions;

namespace Pup.Grains.Telemetry;

/// <summary>What one silo has counted of a partition.</summary>
internal readonly record struct PartitionTotals(long Events, long FailedAttempts, long Deadlocks, long FenceLosses, long Starts, TimeSpan Handling, TimeSpan Committing, TimeSpan Waiting)
{
    public static PartitionTotals Of(PartitionJournal journal) =>
        new(journal.Events, journal.FailedAttempts, journal.Deadlocks, journal.FenceLosses, journal.Starts,
            journal.Times.Handling, journal.Times.Committing, journal.Times.Waiting);

    public static PartitionTotals operator +(PartitionTotals left, PartitionTotals right) => new(
        left.Events + right.Events,
        left.FailedAttempts + right.FailedAttempts,
        left.Deadlocks + right.Deadlocks,
        left.FenceLosses + right.FenceLosses,
        left.Starts + right.Starts,
        left.Handling + right.Handling,
        left.Committing + right.Committing,
        left.Waiting + right.Waiting);
}
