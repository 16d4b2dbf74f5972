using System.Text.Json;

namespace Pup.Silo.Demo.History;

/// <summary>One line of a file of changes.</summary>
internal sealed record NdjsonChange(string Commit, long At, string Author, FileChange File)
{
    /// <exception cref="FormatException">A value is missing or is not what it should be.</exception>
    public static NdjsonChange From(JsonElement line) => new(
        Text(line, "commit"),
        line.GetProperty("at").GetInt64(),
        Text(line, "author"),
        new FileChange(GitPath.NameOf(Text(line, "path")), KindOf(Text(line, "change")), Count(line, "insertions"), Count(line, "deletions")));

    private static string Text(JsonElement line, string name) =>
        line.GetProperty(name).GetString() is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal)
            ? text
            : throw new FormatException($"{name} is empty.");

    private static ChangeKind KindOf(string change) => change switch
    {
        "added" => ChangeKind.Added,
        "modified" => ChangeKind.Modified,
        "deleted" => ChangeKind.Deleted,
        _ => throw new FormatException("The change is unknown."),
    };

    private static int? Count(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetInt32() : null;
}
