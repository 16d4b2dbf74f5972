namespace Pup.Bench.Lag;

internal sealed record LagSettings(int Events, int Partitions, int Rounds);
