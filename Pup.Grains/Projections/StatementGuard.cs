using System.Collections.Concurrent;

namespace Pup.Grains.Projections;

/// <summary>
/// Refuses queued statements that would end the transaction the checkpoint commits in. Only the leading word matters: the
/// server itself refuses several statements in one command, and a commit inside a block or procedure.
/// </summary>
internal static class StatementGuard
{
    private const int CacheLimit = 1_000;

    private static readonly HashSet<string> _control = new(StringComparer.OrdinalIgnoreCase)
    {
        "begin", "start", "commit", "end", "abort", "rollback", "prepare",
    };

    // Handlers queue the same few constant statements for ever; one look at each is enough.
    private static readonly ConcurrentDictionary<string, bool> _accepted = new();

    public static void Check(string sql)
    {
        if (_accepted.ContainsKey(sql))
            return;

        if (Problem(sql) is { } problem)
            throw new ArgumentException(problem, nameof(sql));
        if (_accepted.Count < CacheLimit)
            _accepted.TryAdd(sql, true);
    }

    /// <summary>Says why a statement is refused, or null when it is not.</summary>
    public static string? Problem(string sql)
    {
        var rest = SkipBlank(sql);
        var word = Word(rest);
        if (rest.IsEmpty)
            return "The statement is empty.";
        if (!_control.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word))
            return null;
        if (IsAllowed(word, SkipBlank(rest[word.Length..])))
            return null;
        return $"'{word}' controls the transaction. The engine commits it together with the checkpoint; leave it open. Savepoints are allowed.";
    }

    // `rollback to savepoint` undoes a part and leaves the transaction open; `prepare name as …` is no `prepare transaction`.
    private static bool IsAllowed(ReadOnlySpan<char> word, ReadOnlySpan<char> rest)
    {
        if (word.Equals("prepare", StringComparison.OrdinalIgnoreCase))
            return !Is(Word(rest), "transaction");
        if (!word.Equals("rollback", StringComparison.OrdinalIgnoreCase))
            return false;
        var next = Word(rest);
        if (Is(next, "work") || Is(next, "transaction"))
            next = Word(SkipBlank(rest[next.Length..]));
        return Is(next, "to");
    }

    private static bool Is(ReadOnlySpan<char> word, string expected) => word.Equals(expected, StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<char> Word(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsLetterOrDigit(text[length]) || text[length] == '_'))
            length++;
        return text[..length];
    }

    // White space, empty statements, `-- …` and nested `/* … */`, all of which the server passes over too.
    private static ReadOnlySpan<char> SkipBlank(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (char.IsWhiteSpace(text[0]) || text[0] == ';')
                text = text[1..];
            else if (text.StartsWith("--"))
                text = text.IndexOfAny('\n', '\r') is var end and >= 0 ? text[end..] : [];
            else if (text.StartsWith("/*"))
                text = SkipComment(text);
            else
                break;
        }

        return text;
    }

    private static ReadOnlySpan<char> SkipComment(ReadOnlySpan<char> text)
    {
        var depth = 0;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (text[i] == '/' && text[i + 1] == '*')
            {
                depth++;
                i++;
            }
            else if (text[i] == '*' && text[i + 1] == '/')
            {
                depth--;
                i++;
                if (depth == 0)
                    return text[(i + 1)..];
            }
        }

        return [];
    }
}
