using System.Text;
using System.Text.RegularExpressions;

namespace Pup.Tests.Http;

/// <summary>A command of a page, as the request that curl would make of it: not every machine has curl.</summary>
internal sealed partial record CurlCommand(HttpMethod Method, string Path, IReadOnlyList<(string Name, string Value)> Headers, string? Body)
{
    private const string Host = "http://localhost:8080";

    public static CurlCommand Parse(string line, string key)
    {
        var words = Word().Matches(line).Select(match => match.Value.Trim('"', '\'').Replace("$KEY", key, StringComparison.Ordinal)).ToArray();
        var (method, path, headers, body) = (HttpMethod.Get, "", new List<(string, string)>(), (string?)null);
        for (var i = 1; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "-X":
                    method = new HttpMethod(words[++i]);
                    break;
                case "-H" when words[++i].Split(": ") is [var name, var value]:
                    headers.Add((name, value));
                    break;
                case "-d":
                    body = words[++i];
                    break;
                case "--no-buffer":
                    break;
                case var address when address.StartsWith(Host, StringComparison.Ordinal):
                    path = address[Host.Length..];
                    break;
                default:
                    throw new FormatException($"`{words[i]}` in `{line}` is not understood.");
            }
        }

        return new(method, path, headers, body);
    }

    public HttpRequestMessage ToRequest()
    {
        var request = new HttpRequestMessage(Method, Path);
        if (Body is not null || Headers.Any(header => header.Name == "Content-Type"))
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body ?? ""));
        foreach (var (name, value) in Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    // In quotes of either kind, or without.
    [GeneratedRegex("""'[^']*'|"[^"]*"|\S+""")]
    private static partial Regex Word();
}
