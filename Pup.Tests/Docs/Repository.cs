namespace Pup.Tests.Docs;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] _notOurs = ["bin", "obj", "artifacts", ".pup", ".git"];

    private static readonly string _root = Find();

    public static string PathOf(string file) => Path.Combine(_root, file);

    public static string Read(string file) => File.ReadAllText(PathOf(file)).ReplaceLineEndings("\n");

    /// <summary>Files whose name fits the pattern, relative to the root, with slashes.</summary>
    public static IReadOnlyList<string> Files(string pattern) =>
    [
        .. Directory.EnumerateFiles(_root, pattern, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Select(file => Path.GetRelativePath(_root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(_notOurs.Contains))
            .Order(StringComparer.Ordinal),
    ];

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Pup.Orleans.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"There is no Pup.Orleans.sln above {AppContext.BaseDirectory}: the documentation cannot be found.");
    }
}
