namespace Pup.Tests.Docs;

/// <summary>A fenced block of a page, and the line before it.</summary>
internal sealed record MarkdownBlock(string Language, string LineBefore, string Text)
{
    private const string Fence = "```";

    public static IEnumerable<MarkdownBlock> Of(string page)
    {
        var lines = page.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal))
                continue;
            var end = Array.FindIndex(lines, i + 1, line => line == Fence);
            if (end < 0)
                throw new FormatException($"Line {i + 1}: the block is not closed.");
            yield return new MarkdownBlock(lines[i][Fence.Length..], i == 0 ? "" : lines[i - 1], string.Join('\n', lines[(i + 1)..end]));
            i = end;
        }
    }
}
