namespace Pup.Bench.Wait;

internal sealed record WaitSettings(int Rate, int Seconds, int Alternations, int Partitions);
