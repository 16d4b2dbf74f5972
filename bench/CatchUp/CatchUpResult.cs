using Pup.Bench.Reporting;

namespace Pup.Bench.CatchUp;

/// <summary>Medians in events per second, and the ratios that matter; null where a contender did not run.</summary>
internal sealed record CatchUpResult
{
    public string Scenario => "catch-up";

    public required int Partitions { get; init; }

    public double? Engine { get; init; }

    /// <summary>The faster of four loops and one loop that fans out.</summary>
    public double? Pipelined { get; init; }

    public double? RowByRow { get; init; }

    public double? Document { get; init; }

    public double? BulkFold { get; init; }

    public double? RatioPipelined => Ratio(Engine, Pipelined);

    public double? RatioRowByRow => Ratio(Engine, RowByRow);

    public double? RatioBulkFold => Ratio(Document, BulkFold);

    /// <summary>Whether the machine was fit to measure on: when pipelining gains little, something else was the limit.</summary>
    public bool Valid => Pipelined >= 2 * RowByRow;

    public required long Events { get; init; }

    public required int Alternations { get; init; }

    public double? PipelinedLoops { get; init; }

    public double? PipelinedFanOut { get; init; }

    public double? PeakMemoryMib { get; init; }

    public long? ManyEvents { get; init; }

    public double? PeakMemoryManyMib { get; init; }

    public double? PeakMemoryGrowthMib => PeakMemoryManyMib - PeakMemoryMib is { } growth ? Math.Round(growth, 1) : null;

    public static CatchUpResult Of(CatchUpSettings settings, IReadOnlyDictionary<string, List<double>> rates)
    {
        double? Median(string name) => rates.TryGetValue(name, out var runs) ? Math.Round(Statistics.Median(runs)) : null;
        var (loops, fanOut) = (Median("pipelined"), Median("pipelined_fan_out"));
        return new CatchUpResult
        {
            Partitions = settings.Partitions,
            Events = settings.Events,
            Alternations = settings.Alternations,
            Engine = Median("engine"),
            Pipelined = fanOut > loops ? fanOut : loops ?? fanOut,
            PipelinedLoops = loops,
            PipelinedFanOut = fanOut,
            RowByRow = Median("row_by_row"),
            Document = Median("document"),
            BulkFold = Median("bulk_fold"),
        };
    }

    private static double? Ratio(double? ours, double? theirs) => ours / theirs is { } ratio ? Math.Round(ratio, 3) : null;
}
