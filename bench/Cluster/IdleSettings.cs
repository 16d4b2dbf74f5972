namespace Pup.Bench.Cluster;

internal sealed record IdleSettings(int Partitions, int Seconds);
