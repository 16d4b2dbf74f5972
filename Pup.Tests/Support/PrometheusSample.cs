namespace Pup.Tests.Support;

/// <summary>One element of a vector.</summary>
internal sealed record PrometheusSample(IReadOnlyDictionary<string, string> Labels, double Value);
