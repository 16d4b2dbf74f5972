namespace Pup.Bench.Cluster;

internal sealed record FailoverSettings(int Partitions, int Rate);
