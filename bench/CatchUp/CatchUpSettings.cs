namespace Pup.Bench.CatchUp;

/// <param name="Events">Events in the log.</param>
/// <param name="Partitions">Partitions of every contender.</param>
/// <param name="Alternations">Measured runs of every contender.</param>
/// <param name="Only">Contenders by name; null means all.</param>
/// <param name="Memory">Whether peak memory is also compared with that at ten times the events.</param>
internal sealed record CatchUpSettings(long Events, int Partitions, int Alternations, IReadOnlyCollection<string>? Only, bool Memory);
