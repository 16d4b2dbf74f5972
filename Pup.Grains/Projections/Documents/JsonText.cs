namespace Pup.Grains.Projections.Documents;

/// <summary>What is JSON but cannot be jsonb.</summary>
internal static class JsonText
{
    /// <summary>
    /// True when a string in <paramref name="utf8"/> contains the character NUL, which jsonb refuses (22P05). Found here, the error
    /// can be laid at the right event; found by the server, it would be an error of the whole batch.
    /// </summary>
    public static bool ContainsNul(ReadOnlySpan<byte> utf8)
    {
        var rest = utf8;
        while (rest.IndexOf("\\u0000"u8) is var at and >= 0)
        {
            // An even number of backslashes before it means that this one is itself escaped.
            var before = rest[..at];
            var backslashes = before.Length - before.TrimEnd((byte)'\\').Length;
            if (backslashes % 2 == 0)
                return true;
            rest = rest[(at + 6)..];
        }

        return false;
    }
}
