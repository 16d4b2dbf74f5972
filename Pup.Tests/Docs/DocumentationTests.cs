using System.Text.RegularExpressions;

namespace Pup.Tests.Docs;

/// <summary>What the pages show is what the tests compile and run.</summary>
public sealed partial class DocumentationTests
{
    // Words that the glossary maps to ours; a page that uses them would have two words for one idea.
    private static readonly string[] _foreignWords = ["consumer", "segment", "shard", "tranche", "daemon", "bookmark"];

    public static TheoryData<string> Pages => [.. Repository.Files("*.md")];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_sample_of_code_is_a_region_of_compiled_test_code(string page)
    {
        foreach (var block in MarkdownBlock.Of(Repository.Read(page)).Where(block => block.Language == "csharp"))
        {
            var name = SampleMarker().Match(block.LineBefore).Groups[1].Value;
            Assert.True(name != "", $"{page}: a sample of C# without `<!-- sample: name -->` before it:\n{block.Text}");
            Assert.Equal($"{page}, sample {name}:\n{Sample.Named(name)}", $"{page}, sample {name}:\n{block.Text}");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_command_is_one_that_is_known_to_work(string page)
    {
        foreach (var block in MarkdownBlock.Of(Repository.Read(page)).Where(block => block.Language is "sh" or "bash" or "console" or ""))
        {
            foreach (var command in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                Assert.True(DocumentedCommands.All.ContainsKey(command), $"{page}: `{command}` is not in {nameof(DocumentedCommands)}: say there what executes it.");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_to_a_file_leads_to_one(string page)
    {
        var folder = Path.GetDirectoryName(page)!;
        foreach (var link in Link().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value))
        {
            if (!link.Contains("://", StringComparison.Ordinal))
                Assert.True(Path.Exists(Repository.PathOf(Path.Combine(folder, link))), $"{page}: {link}");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Pages_keep_to_the_words_of_the_glossary(string page)
    {
        if (page == "GLOSSARY.md")
            return;
        var words = Word().Matches(Repository.Read(page)).Select(match => match.Value.ToLowerInvariant()).ToHashSet();
        Assert.DoesNotContain(_foreignWords, word => words.Contains(word) || words.Contains(word + "s"));
    }

    [Fact]
    public void Commands_that_are_listed_are_in_use_and_their_scripts_are_there()
    {
        var pages = string.Join('\n', Repository.Files("*.md").Select(Repository.Read));
        Assert.All(DocumentedCommands.All.Keys, command => Assert.Contains(command, pages, StringComparison.Ordinal));
        foreach (var script in DocumentedCommands.All.Keys.Select(command => command.Split(' ')[0]).Where(name => name.StartsWith("./", StringComparison.Ordinal)))
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Repository.PathOf(script)).HasFlag(UnixFileMode.UserExecute), $"{script} is not executable");
    }

    [Fact]
    public void Decisions_are_numbered_without_gaps_and_dated()
    {
        var pages = Repository.Files("*.md").Where(page => page.StartsWith("docs/decisions/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        Assert.NotEmpty(pages);
        Assert.All(pages, (page, index) => Assert.StartsWith($"docs/decisions/{index + 1:0000}-", page, StringComparison.Ordinal));
        Assert.All(pages, (page, index) => Assert.Matches($@"\A# {index + 1}\. .+\n\n20[0-9][0-9]-[01][0-9] · (accepted|superseded by .+)\n", Repository.Read(page)));
    }

    [GeneratedRegex("""\A<!-- sample: ([a-z0-9-]+) -->\z""")]
    private static partial Regex SampleMarker();

    [GeneratedRegex(@"\]\(([^)\s#]+)")]
    private static partial Regex Link();

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Word();
}
