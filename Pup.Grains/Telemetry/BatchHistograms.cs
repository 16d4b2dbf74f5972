using System.Diagnostics.Metrics;

namespace Pup.Grains.Telemetry;

/// <summary>What is recorded of each committed batch. Without a label for the partition: a histogram is a dozen series by itself.</summary>
internal sealed class BatchHistograms(Meter meter, TimeProvider time)
{
    private long _clockOffset;

    public Histogram<long> Events { get; } = meter.CreateHistogram(
        "pupsourcing_batch_events", unit: null, "Events of a committed batch.", tags: null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] });

    public Histogram<double> Duration { get; } = meter.CreateHistogram(
        "pupsourcing_batch_duration", "s", "From when a batch's turn came to its commit.", tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30] });

    public Histogram<double> AppendToVisible { get; } = meter.CreateHistogram(
        "pupsourcing_append_to_visible", "s", "From an event's created_at to the commit of its read model; of each batch, its oldest event.", tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 300, 3600] });

    /// <summary>The database's clock, less this one: created_at is the database's.</summary>
    public TimeSpan ClockOffset
    {
        set => Interlocked.Exchange(ref _clockOffset, value.Ticks);
    }

    /// <summary>How long ago something happened by the database's clock; never negative.</summary>
    public TimeSpan Since(DateTimeOffset moment)
    {
        var age = time.GetUtcNow().Ticks + Interlocked.Read(ref _clockOffset) - moment.UtcTicks;
        return age > 0 ? new TimeSpan(age) : TimeSpan.Zero;
    }
}
