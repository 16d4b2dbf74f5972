namespace Pup.Bench.CatchUp;

internal sealed record CatchUpSettings(long Events, int Partitions, int Alternations, IReadOnlyCollection<string>? Only);
