namespace Pup.Bench.Cluster;

/// <summary>Seconds until every partition advances on a silo that is left.</summary>
internal sealed record FailoverResult
{
    public string Scenario => "failover";

    public int Silos => 3;

    public required int Partitions { get; init; }

    public required int AppendsPerSecond { get; init; }

    public required double KillSeconds { get; init; }

    public required double TerminateSeconds { get; init; }

    public required double FreezeSeconds { get; init; }

    /// <summary>While the three silos are restarted one after another: the longest time between one owner's leaving and the next one's taking over.</summary>
    public required double RollingUnownedSeconds { get; init; }

    /// <summary>Most times that a partition was taken over for each silo that was restarted.</summary>
    public required double RollingStartsPerRestart { get; init; }

    public required double RollingSeconds { get; init; }

    /// <summary>Nothing was lost or applied twice.</summary>
    public required bool Valid { get; init; }
}
