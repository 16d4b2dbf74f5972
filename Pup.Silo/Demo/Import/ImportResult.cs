namespace Pup.Silo.Demo.Import;

/// <summary>What one run of the importer added to the log.</summary>
internal sealed record ImportResult(long Commits, long Events);
