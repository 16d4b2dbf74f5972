using System.Diagnostics;
using Pup.Client.Events;

namespace Pup.Grains.Telemetry;

/// <summary>The histograms of one projection's batches on this silo, with their labels made once.</summary>
internal sealed class BatchInstruments(BatchHistograms histograms, string projection, string silo)
{
    private readonly TagList _tags = new([new(Labels.Projection, projection), new(Labels.Silo, silo)]);

    public void Committed(int events, PersistedEvent oldest, TimeSpan duration)
    {
        histograms.Events.Record(events, _tags);
        histograms.Duration.Record(duration.TotalSeconds, _tags);
        if (histograms.AppendToVisible.Enabled)
            histograms.AppendToVisible.Record(histograms.Since(oldest.CreatedAt).TotalSeconds, _tags);
    }
}
