namespace Pup.Silo.Demo.History;

/// <summary>One file in one commit; the line counts are null for a binary file.</summary>
internal sealed record FileChange(string Path, ChangeKind Kind, int? Added, int? Removed);
