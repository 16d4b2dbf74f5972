namespace Pup.Silo.Doctor;

/// <summary>Something that is not as it should be.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Code">Its name, the same for ever; docs/troubleshooting.md has a section for each.</param>
/// <param name="What">What is wrong, in a sentence.</param>
/// <param name="Where">Which projection, partition, table or session.</param>
/// <param name="Do">What to do about it.</param>
/// <param name="Hidden">What could not be seen of it, and why; null when all was seen.</param>
internal sealed record Finding(Severity Severity, string Code, string What, string Where, string Do, string? Hidden = null);
