namespace Pup.Bench.Latency;

/// <summary>An event whose commit the server has acknowledged at this time (a <see cref="System.Diagnostics.Stopwatch"/> timestamp).</summary>
internal readonly record struct Appended(long Position, long At);
