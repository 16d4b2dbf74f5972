namespace Pup.Bench.Cluster;

/// <summary>What many partitions cost that have nothing to do.</summary>
internal sealed record IdleResult
{
    public string Scenario => "idle";

    public int Silos => 2;

    public required int Partitions { get; init; }

    /// <summary>From when the second silo is up to when every partition runs.</summary>
    public required double AllRunSeconds { get; init; }

    /// <summary>From the same moment to when both silos own the same number, give or take one.</summary>
    public required double SpreadSeconds { get; init; }

    public required string Spread { get; init; }

    public required double StatementsPerSecond { get; init; }

    /// <summary>Of both silos together, in percent of one core.</summary>
    public required double CpuPoints { get; init; }

    /// <summary>Of two silos that host no projection.</summary>
    public required double CpuPointsWithoutProjections { get; init; }

    /// <summary>What the projections add.</summary>
    public double CpuPointsAdded => Math.Round(CpuPoints - CpuPointsWithoutProjections, 2);

    /// <summary>Most at any moment, from the start on.</summary>
    public required long Connections { get; init; }

    public required int ConnectionBudget { get; init; }
}
