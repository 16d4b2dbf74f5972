namespace Pup.Tests.Docs;

/// <summary>The commands that the pages show, and what executes each of them.</summary>
internal static class DocumentedCommands
{
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["./run.sh"] = "The continuous build runs it with --once.",
        ["./test.sh"] = "The continuous build runs it.",
    };
}
