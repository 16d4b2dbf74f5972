namespace Pup.Silo.Demo.History;

/// <summary>One commit and what it changed against its first parent.</summary>
/// <param name="Hash">The commit's name.</param>
/// <param name="At">Unix seconds.</param>
/// <param name="Author">First 12 hexadecimal digits of the SHA-256 of the author's e-mail address.</param>
/// <param name="Changes">The files, in git's order; none for an empty commit.</param>
internal sealed record Commit(string Hash, long At, string Author, IReadOnlyList<FileChange> Changes);
