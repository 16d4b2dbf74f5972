using System.Globalization;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>How long and how large a run is.</summary>
internal sealed record ChaosPlan(TimeSpan Duration, int Partitions, long Events, int LeastFaults, int LeastServerFaults)
{
    public const int Silos = 3;

    /// <summary>Appended at once before each fault, so that there is something to disturb.</summary>
    public const int Burst = 300;

    /// <summary>Within this every partition must get past an event that is appended after the last fault.</summary>
    public static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    /// <summary>After so many faults the cluster is given the time to recover, and must.</summary>
    public const int FaultsInARow = 10;

    /// <summary>A short run, or as many minutes as PUP_CHAOS_MINUTES says.</summary>
    public static ChaosPlan FromEnvironment() =>
        Environment.GetEnvironmentVariable("PUP_CHAOS_MINUTES") is { Length: > 0 } minutes ? Long(double.Parse(minutes, CultureInfo.InvariantCulture))
        : Chance.IsLong ? Long(30)
        : new(TimeSpan.FromSeconds(30), 4, 5_000, 4, 1);

    // 200,000 events and 200 faults in a quarter of an hour, 20 of them on PostgreSQL; longer runs have more faults.
    private static ChaosPlan Long(double minutes) => new(
        TimeSpan.FromMinutes(minutes), 8, (long)(200_000 * Math.Min(1, minutes / 15)), (int)(200 * minutes / 15), (int)(20 * minutes / 15));
}
