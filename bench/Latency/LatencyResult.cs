using Pup.Bench.Reporting;

namespace Pup.Bench.Latency;

/// <summary>Milliseconds from the acknowledged append to the visible row.</summary>
internal sealed record LatencyResult
{
    public string Scenario => "latency";

    public required int Rate { get; init; }

    public required int Samples { get; init; }

    public required int IdleSamples { get; init; }

    public required double EngineP50 { get; init; }

    public required double EngineP99 { get; init; }

    public required double ListenP50 { get; init; }

    public required double ListenP99 { get; init; }

    public double RatioP50 => Ratio(EngineP50, ListenP50);

    public double RatioP99 => Ratio(EngineP99, ListenP99);

    public required double EngineIdleP50 { get; init; }

    public required double EngineIdleP99 { get; init; }

    public required double ListenIdleP50 { get; init; }

    public required double ListenIdleP99 { get; init; }

    public double RatioIdleP50 => Ratio(EngineIdleP50, ListenIdleP50);

    public double RatioIdleP99 => Ratio(EngineIdleP99, ListenIdleP99);

    public static LatencyResult Of(LatencySettings settings, LatencySamples engine, LatencySamples listen) => new()
    {
        Rate = settings.Rate,
        Samples = engine.Flow.Count,
        IdleSamples = engine.Idle.Count,
        EngineP50 = At(engine.Flow, 0.5),
        EngineP99 = At(engine.Flow, 0.99),
        ListenP50 = At(listen.Flow, 0.5),
        ListenP99 = At(listen.Flow, 0.99),
        EngineIdleP50 = At(engine.Idle, 0.5),
        EngineIdleP99 = At(engine.Idle, 0.99),
        ListenIdleP50 = At(listen.Idle, 0.5),
        ListenIdleP99 = At(listen.Idle, 0.99),
    };

    private static double At(List<double> samples, double share) => samples.Count == 0 ? 0 : Math.Round(Statistics.Percentile(samples, share), 2);

    private static double Ratio(double ours, double theirs) => theirs == 0 ? 0 : Math.Round(ours / theirs, 3);
}
