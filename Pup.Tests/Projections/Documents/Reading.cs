namespace Pup.Tests.Projections.Documents;

/// <summary>A document with a number, which JSON cannot always hold.</summary>
internal sealed record Reading(double Value);
