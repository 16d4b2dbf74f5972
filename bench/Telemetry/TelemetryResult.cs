using Pup.Bench.Reporting;

namespace Pup.Bench.Telemetry;

/// <summary>What being watched costs.</summary>
internal sealed record TelemetryResult
{
    public string Scenario => "telemetry";

    public required long Events { get; init; }

    /// <summary>Processor time of the process for 100,000 events, in seconds; the median.</summary>
    public required double CpuSecondsWithout { get; init; }

    /// <summary>The same while metrics are collected and scraped and spans are made and sent.</summary>
    public required double CpuSecondsWith { get; init; }

    /// <summary>The median of what each run with telemetry cost beyond the run without it beside it, in percent.</summary>
    public required double PercentMore { get; init; }

    /// <summary>Scrapes that were answered in all runs.</summary>
    public required long Scrapes { get; init; }

    /// <summary>Bytes of spans and metrics that were sent in all runs.</summary>
    public required long BytesSent { get; init; }

    public static TelemetryResult Of(TelemetrySettings settings, IReadOnlyList<(double Without, double With)> runs, long scrapes, long bytes) => new()
    {
        Events = settings.Events,
        CpuSecondsWithout = Math.Round(Statistics.Median(runs.Select(run => run.Without)), 3),
        CpuSecondsWith = Math.Round(Statistics.Median(runs.Select(run => run.With)), 3),
        PercentMore = Math.Round(Statistics.Median(runs.Select(run => 100 * (run.With / run.Without - 1))), 1),
        Scrapes = scrapes,
        BytesSent = bytes,
    };
}
