namespace Pup.Tests.Scenarios.Proxy;

/// <summary>Tells whether a COMMIT passes in what one connection sends: by its text, or by the name under which it was prepared.</summary>
internal sealed class CommitSpotter
{
    private byte[] _tail = [];
    private byte[]? _prepared;

    public bool IsIn(ReadOnlySpan<byte> sent)
    {
        // What is looked for may have been cut in two.
        byte[] seen = [.. _tail, .. sent];
        _tail = seen[^Math.Min(seen.Length, 24)..];
        var parsed = seen.AsSpan().IndexOf("\0COMMIT\0"u8);
        if (parsed >= 0 || seen.AsSpan().IndexOf("COMMIT\0"u8) >= 0)
        {
            _prepared ??= parsed >= 0 ? NameBefore(seen, parsed) : null;
            _tail = [];
            return true;
        }

        if (_prepared is null || seen.AsSpan().IndexOf(_prepared) < 0)
            return false;
        _tail = [];
        return true;
    }

    // Parse carries the statement's name before its text, Bind after the name of its portal, which is empty.
    private static byte[]? NameBefore(byte[] seen, int end)
    {
        var start = end;
        while (start > 0 && (char.IsAsciiLetterOrDigit((char)seen[start - 1]) || seen[start - 1] == '_'))
            start--;
        return start == end ? null : [0, .. seen[start..end], 0];
    }
}
