using System.Diagnostics.Metrics;
using System.Numerics;

namespace Pup.Grains.Telemetry;

/// <summary>
/// Series of what partitions of this silo do. There are at most projections × partitions of each, or, without the label for the partition, one for
/// each projection.
/// </summary>
internal static class PartitionCounters
{
    public static void Register(Meter meter, Func<IEnumerable<PartitionSeries>> series, bool withPartitions)
    {
        // Names and labels of pupsourcing's guide.
        meter.CreateObservableCounter(
            "pupsourcing_events_processed", () => ByProjection(static totals => totals.Events), unit: null,
            "Events applied to a read model and committed, once each, however often they were tried.");
        meter.CreateObservableCounter(
            "pupsourcing_projection_errors", () => ByProjection(static totals => totals.FailedAttempts), unit: null,
            "Attempts at a batch that failed.");

        Count("pupsourcing_partition_events", static totals => totals.Events, "Events processed, by partition.");
        Count("pupsourcing_deadlocks", static totals => totals.Deadlocks, "Batches that were rolled back by a deadlock (40P01) and tried again.");
        Count("pupsourcing_fence_losses", static totals => totals.FenceLosses, "Batches that were refused because the checkpoint was not as its owner left it.");
        Count("pupsourcing_partition_starts", static totals => totals.Starts, "Times that this silo took ownership of the partition.");
        Time("pupsourcing_handler_time", static totals => totals.Handling, "Time that handlers ran; the next batch's may run while one commits.");
        Time("pupsourcing_commit_time", static totals => totals.Committing, "Time spent committing.");
        Time("pupsourcing_wait_time", static totals => totals.Waiting, "Time spent waiting, for events or for a turn to commit.");
        meter.CreateObservableGauge("pupsourcing_parked_keys", ObserveParkedKeys, unit: null, "Ordering keys whose events queue behind one that failed.");

        IEnumerable<Measurement<long>> ByProjection(Func<PartitionTotals, long> value) =>
            from one in series()
            group value(one.Totals) by one.Projection into projection
            select new Measurement<long>(projection.Sum(), new KeyValuePair<string, object?>(Labels.Projection, projection.Key));

        void Count(string name, Func<PartitionTotals, long> value, string description) =>
            meter.CreateObservableCounter(name, () => Observe(series().Select(one => (one, value(one.Totals)))), unit: null, description);

        void Time(string name, Func<PartitionTotals, TimeSpan> value, string description) =>
            meter.CreateObservableCounter(name, () => Observe(series().Select(one => (one, value(one.Totals).TotalSeconds))), "s", description);

        IEnumerable<Measurement<long>> ObserveParkedKeys() =>
            Observe(series().Select(static one => (one, Keys: one.ParkedKeys)).Where(static one => one.Keys is not null).Select(static one => (one.one, (long)one.Keys!)));

        IEnumerable<Measurement<T>> Observe<T>(IEnumerable<(PartitionSeries Series, T Value)> values)
            where T : struct, INumber<T> => withPartitions
            ? values.Select(static one => new Measurement<T>(one.Value, one.Series.Full))
            : values.GroupBy(static one => one.Series.Projection).Select(static group => new Measurement<T>(group.Aggregate(T.Zero, static (sum, one) => sum + one.Value), group.First().Series.Short));
    }
}
