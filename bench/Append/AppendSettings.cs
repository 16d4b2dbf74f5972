namespace Pup.Bench.Append;

internal sealed record AppendSettings(int Seconds, int Alternations);
