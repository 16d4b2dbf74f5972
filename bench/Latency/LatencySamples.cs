namespace Pup.Bench.Latency;

/// <summary>Milliseconds, of all alternations together.</summary>
internal sealed class LatencySamples
{
    public List<double> Flow { get; } = [];

    public List<double> Idle { get; } = [];
}
