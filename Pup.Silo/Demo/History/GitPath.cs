using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Pup.Silo.Demo.History;

/// <summary>
/// A path of git, which is bytes, as the text that names it in the log. UTF-8 stays as it is. Anything else starts with
/// <c>./</c>, which no path of git does, so that no two paths ever share a name.
/// </summary>
internal static class GitPath
{
    public const string Escaped = "./";

    // An index entry of PostgreSQL has 2,704 bytes; the aggregate's type, context and version need some of them.
    private const int LongestBytes = 2000;
    private const int KeptBytes = 1000;

    public static string NameOf(ReadOnlySpan<byte> path) =>
        path.Length > LongestBytes ? Shorten(path)
        : Utf8.IsValid(path) ? Encoding.UTF8.GetString(path)
        : Escape(path);

    public static string NameOf(string path) => NameOf(Encoding.UTF8.GetBytes(path));

    /// <summary>The first component, or "." for a file that lies at the top.</summary>
    public static string TopDirectory(string name)
    {
        var path = name.StartsWith(Escaped, StringComparison.Ordinal) ? name[Escaped.Length..] : name;
        return path.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 ? path[..slash] : ".";
    }

    // Every byte that is not a plain character, and the percent sign itself, as %XX.
    private static string Escape(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(Escaped);
        foreach (var b in path)
        {
            if (b is > 0x20 and < 0x7f and not (byte)'%')
                text.Append((char)b);
            else
                text.Append('%').Append(Convert.ToHexString([b]));
        }

        return text.ToString();
    }

    private static string Shorten(ReadOnlySpan<byte> path) =>
        $"{Escape(path[..(KeptBytes / 3)])}%{Convert.ToHexStringLower(SHA256.HashData(path))}";
}
