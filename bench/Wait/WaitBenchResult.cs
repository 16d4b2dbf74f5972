using Pup.Bench.Reporting;

namespace Pup.Bench.Wait;

/// <summary>Milliseconds from the beginning of an append to when its writer knows that the read model shows it.</summary>
internal sealed record WaitBenchResult
{
    public string Scenario => "wait";

    public int Silos => 3;

    public required int Partitions { get; init; }

    public required int AppendsPerSecond { get; init; }

    public required int Samples { get; init; }

    public required double WaitForP50 { get; init; }

    public required double WaitForP99 { get; init; }

    public required double PollingP50 { get; init; }

    public required double PollingP99 { get; init; }

    public double RatioP50 => Math.Round(WaitForP50 / PollingP50, 3);

    public double RatioP99 => Math.Round(WaitForP99 / PollingP99, 3);

    /// <summary>Waits that said the row was there when it was not.</summary>
    public required int Early { get; init; }

    /// <summary>None was early, and waiting costs at most three times what polling by hand does.</summary>
    public bool Valid => Early == 0 && RatioP99 <= 3;

    public static WaitBenchResult Of(WaitSettings settings, List<double> waitFor, List<double> polling, int early) => new()
    {
        Partitions = settings.Partitions,
        AppendsPerSecond = settings.Rate,
        Samples = waitFor.Count,
        WaitForP50 = At(waitFor, 0.5),
        WaitForP99 = At(waitFor, 0.99),
        PollingP50 = At(polling, 0.5),
        PollingP99 = At(polling, 0.99),
        Early = early,
    };

    private static double At(List<double> samples, double share) => Math.Round(Statistics.Percentile(samples, share), 2);
}
