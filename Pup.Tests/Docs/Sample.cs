namespace Pup.Tests.Docs;

/// <summary>Regions of the test code that the pages show.</summary>
internal static class Sample
{
    private const string Begin = "#region ";
    private const string End = "#endregion";

    private static readonly Dictionary<string, string> _samples = Repository.Files("*.cs")
        .Where(file => file.StartsWith("Pup.Tests/Docs/Samples/", StringComparison.Ordinal))
        .SelectMany(file => Regions(Repository.Read(file)))
        .ToDictionary(StringComparer.Ordinal);

    public static string Named(string name) =>
        _samples.TryGetValue(name, out var text) ? text : throw new ArgumentException($"No file in Pup.Tests/Docs/Samples has a region '{name}'.", nameof(name));

    private static IEnumerable<KeyValuePair<string, string>> Regions(string source)
    {
        var lines = source.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].TrimStart().StartsWith(Begin, StringComparison.Ordinal))
                continue;
            var end = Array.FindIndex(lines, i, line => line.Trim() == End);
            var indent = lines[i].Length - lines[i].TrimStart().Length;
            var text = lines[(i + 1)..end].Select(line => line.Length < indent ? line : line[indent..]);
            yield return KeyValuePair.Create(lines[i].Trim()[Begin.Length..], string.Join('\n', text));
        }
    }
}
