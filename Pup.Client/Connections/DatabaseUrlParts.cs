using System.Text;

namespace Pup.Client.Connections;

/// <summary>A <c>postgres://</c> URL taken apart and percent-decoded; nothing is interpreted yet.</summary>
internal sealed record DatabaseUrlParts(
    string? User,
    string? Password,
    IReadOnlyList<DatabaseHost> Hosts,
    string? Database,
    IReadOnlyList<KeyValuePair<string, string>> Parameters)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static DatabaseUrlParts Parse(string url)
    {
        var (location, query) = Cut(url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..], '?');
        var (authority, path) = Cut(location, '/');
        string? user = null, password = null;
        if (authority.LastIndexOf('@') is var at and >= 0)
        {
            (user, password) = Cut(authority[..at], ':');
            authority = authority[(at + 1)..];
        }

        if (path is not null && path.Contains('/', StringComparison.Ordinal))
            throw DatabaseUrl.Malformed("the database name contains a '/' that is not percent-encoded");
        var hosts = authority.Length == 0 ? [] : authority.Split(',').Select(ParseHost).ToArray();
        return new DatabaseUrlParts(Decode(user), Decode(password), hosts, Decode(path), ParseQuery(query));
    }

    private static DatabaseHost ParseHost(string text)
    {
        var colon = text.LastIndexOf(':');
        var port = colon > text.LastIndexOf(']') ? text[(colon + 1)..] : null;
        var host = port is null ? text : text[..colon];
        if (host.Contains(':', StringComparison.Ordinal) && !(host.StartsWith('[') && host.EndsWith(']')))
            throw DatabaseUrl.Malformed("a host contains ':' (an IPv6 address belongs in brackets; is a ':' or '@' in the password not percent-encoded?)");
        return new DatabaseHost(Decode(host) ?? "", string.IsNullOrEmpty(port) ? null : DatabaseHost.ParsePort(port));
    }

    private static List<KeyValuePair<string, string>> ParseQuery(string? query)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        foreach (var pair in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = Cut(pair, '=');
            if (value is null)
                throw DatabaseUrl.Malformed("a parameter after '?' has no '=' (is a '?' in the password not percent-encoded?)");
            parameters.Add(new KeyValuePair<string, string>(Decode(key) ?? "", Decode(value) ?? ""));
        }

        return parameters;
    }

    private static (string Before, string? After) Cut(string text, char separator) =>
        text.IndexOf(separator, StringComparison.Ordinal) is var at and >= 0 ? (text[..at], text[(at + 1)..]) : (text, null);

    // Uri.UnescapeDataString passes what it cannot decode through, and '%zz' in a password is more likely a mistake.
    private static string? Decode(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                var width = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, width)));
                i += width - 1;
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value) && value != 0)
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                throw DatabaseUrl.Malformed("a '%' is not followed by two hexadecimal digits (write a '%' of the password as %25)");
            }
        }

        try
        {
            return StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            throw DatabaseUrl.Malformed("its percent-encoded bytes are not UTF-8");
        }
    }
}
