namespace Pup.Bench;

/// <summary>Why there is no result: one line for standard error.</summary>
internal sealed class BenchException(string message) : Exception(message);
