using System.Diagnostics.Metrics;
using Pup.Grains.Feed;

namespace Pup.Grains.Telemetry;

/// <summary>Series of the silo's one reader of the log. Without a living look session nothing is known of the log, and nothing is shown.</summary>
internal static class FeedGauges
{
    public static void Register(Meter meter, EventFeed feed, TimeProvider time, string silo)
    {
        KeyValuePair<string, object?>[] labels = [new(Labels.Silo, silo)];

        meter.CreateObservableGauge("pupsourcing_log_position", () => Known(status => new Measurement<long>(status.Visible)), unit: null, "Greatest visible position of the log.");
        meter.CreateObservableGauge("pupsourcing_log_mark", () => Known(status => new Measurement<long>(status.Mark, labels)), unit: null, "Position up to which the log can no longer change.");
        meter.CreateObservableGauge(
            "pupsourcing_mark_age", () => Known(status => new Measurement<double>(MarkAge(status), labels)), "s",
            "How long an open writer has held the mark back; 0 when the mark is at the end of the log.");
        meter.CreateObservableGauge("pupsourcing_look_age", ObserveLookAge, "s", "How long ago this silo last looked at the log.");
        meter.CreateObservableGauge("pupsourcing_look_duration", () => Known(status => new Measurement<double>(status.LookDuration.TotalSeconds, labels)), "s", "What the last look took.");
        meter.CreateObservableGauge(
            "pupsourcing_feed_up", () => new Measurement<long>(feed.Status.Problem == FeedProblem.None ? 1 : 0, labels), unit: null,
            "1 while the silo reads the log; 0 while something keeps it from that.");
        meter.CreateObservableCounter("pupsourcing_late_events", () => new Measurement<long>(feed.Status.LateEvents, labels), unit: null, "Events that appeared below the mark after it had passed them.");
        meter.CreateObservableCounter("pupsourcing_page_cache_hits", () => new Measurement<long>(feed.PageCache.Hits, labels), unit: null, "Slices of the log that were handed to partitions and had been read for another slice already.");
        meter.CreateObservableCounter("pupsourcing_page_cache_misses", () => new Measurement<long>(feed.PageCache.Misses, labels), unit: null, "Reads of pages from the database, in part or whole: the first slice handed out after each.");
        meter.CreateObservableGauge("pupsourcing_page_cache_size", () => new Measurement<long>(feed.PageCacheBytes, labels), "By", "Bytes that the page cache holds.");

        IEnumerable<Measurement<T>> Known<T>(Func<FeedStatus, Measurement<T>> measure)
            where T : struct => feed.Status is { Generation: > 0 } status ? [measure(status)] : [];

        IEnumerable<Measurement<double>> ObserveLookAge() =>
            feed.Status.LookedAt is { } lookedAt ? [new Measurement<double>(Seconds(lookedAt), labels)] : [];

        double MarkAge(FeedStatus status) => status.Mark < status.Visible && status.MarkCurrentAt is { } current ? Seconds(current) : 0;

        double Seconds(DateTimeOffset since) => Math.Max(0, (time.GetUtcNow() - since).TotalSeconds);
    }
}
