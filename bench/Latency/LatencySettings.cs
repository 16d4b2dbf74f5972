namespace Pup.Bench.Latency;

internal sealed record LatencySettings(int Rate, int Seconds, int IdleSamples, int Alternations);
