using System.Text.Json;
using Pup.Tests.Silo.Demo;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Commands;

/// <summary>One command, run for real to its end.</summary>
internal sealed record PupRun(int ExitCode, string Output, string Error)
{
    /// <summary>What a program reads: one line, and nothing else.</summary>
    public JsonElement Json => JsonDocument.Parse(Assert.Single(Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;

    public static Task<PupRun> OnAsync(TestDatabase database, params string[] arguments) =>
        RunAsync(new Dictionary<string, string> { ["DATABASE_URL"] = database.ConnectionString }, arguments);

    public static async Task<PupRun> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        await using var pup = PupProcess.Start(environment, arguments);
        var exitCode = await pup.EndAsync();
        return new PupRun(exitCode, pup.Output, pup.Error);
    }

    /// <summary>It ended well, and said so in words that fit on a terminal and hold nothing that only a terminal understands.</summary>
    public PupRun Good()
    {
        Assert.True(ExitCode == 0, $"{ExitCode}: {Output}{Error}");
        Assert.DoesNotContain('\u001b', Output + Error);
        return this;
    }

    public PupRun Fits()
    {
        Assert.All(Output.Split('\n'), static line => Assert.True(line.Length <= 80, line));
        return Good();
    }

    /// <summary>It did not; what it had already said of its progress aside, it says why in its last line.</summary>
    public void Fails(int exitCode, string words) =>
        (this with { Error = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1] }).Ends(exitCode, words);

    /// <summary>It did not, and says why in one line, which has these words.</summary>
    public void Ends(int exitCode, string words)
    {
        Assert.True(ExitCode == exitCode, $"{ExitCode}: {Output}{Error}");
        Assert.Equal("", Output.Trim());
        var line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("pup: ", line, StringComparison.Ordinal);
        Assert.Contains(words, line, StringComparison.Ordinal);
    }
}
