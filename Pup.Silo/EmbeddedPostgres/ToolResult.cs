namespace Pup.Silo.EmbeddedPostgres;

/// <summary>How a program ended and what it said.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The line that most likely says what went wrong.</summary>
    public string Reason
    {
        get
        {
            var lines = (Error + "\n" + Output).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return lines.FirstOrDefault(IsFatal) ?? lines.LastOrDefault() ?? $"exit code {ExitCode}";
        }
    }

    private static bool IsFatal(string line) =>
        line.Contains("No space left", StringComparison.Ordinal)
        || line.Contains("FATAL", StringComparison.Ordinal)
        || line.Contains("error:", StringComparison.Ordinal)
        || line.StartsWith("E: ", StringComparison.Ordinal);
}
