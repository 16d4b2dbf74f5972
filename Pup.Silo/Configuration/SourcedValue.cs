namespace Pup.Silo.Configuration;

/// <summary>The text of an option and where it was said, for example "environment variable BATCH_SIZE".</summary>
internal sealed record SourcedValue(string Text, string Source);
