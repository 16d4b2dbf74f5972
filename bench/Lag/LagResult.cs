namespace Pup.Bench.Lag;

/// <summary>Medians in milliseconds.</summary>
internal sealed record LagResult
{
    public string Scenario => "lag";

    public required int Events { get; init; }

    public required int Partitions { get; init; }

    /// <summary>Two columns of the checkpoints and a difference.</summary>
    public required double GuideMs { get; init; }

    /// <summary>All that the client tells of every partition.</summary>
    public required double ClientMs { get; init; }

    public double ClientRatio => Math.Round(ClientMs / GuideMs, 2);

    /// <summary>The same over HTTP, with the JSON.</summary>
    public required double HttpMs { get; init; }

    public double HttpRatio => Math.Round(HttpMs / GuideMs, 2);

    /// <summary>What is allowed: twice the guide's statement, and 10 ms.</summary>
    public double LimitMs => Math.Round((2 * GuideMs) + 10, 2);

    /// <summary>Whether every way to ask keeps to it, and gives the same lags.</summary>
    public bool Valid => SameLags && ClientMs <= LimitMs && HttpMs <= LimitMs;

    public required bool SameLags { get; init; }

    public required int Rounds { get; init; }
}
