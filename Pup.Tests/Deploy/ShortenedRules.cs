using System.Text.RegularExpressions;

namespace Pup.Tests.Deploy;

/// <summary>Alerts with times and thresholds that a test can wait for. Nothing else of them differs.</summary>
internal static partial class ShortenedRules
{
    private static readonly Dictionary<string, string> _shorter = new()
    {
        ["for: 1m"] = "for: 1s",
        ["for: 2m"] = "for: 4s",
        ["for: 5m"] = "for: 1s",
        ["[5m]"] = "[8s]",
        ["[10m]"] = "[4s]",
        ["[15m]"] = "[8s]",
        ["> 10000"] = "> 1000",
        ["> 600"] = "> 3",
        ["> 300"] = "> 2",
        ["> 60"] = "> 2",
        ["> 0.1"] = "> 0.1",
        ["> 0"] = "> 0",
        ["== 0"] = "== 0",
    };

    /// <summary>Throws when the rules have a time or a threshold that is not in the table, or no longer one that is.</summary>
    public static string Of(string rules)
    {
        var unused = _shorter.Keys.ToHashSet();
        var shortened = TimeOrThreshold().Replace(rules, match =>
        {
            unused.Remove(match.Value);
            return _shorter.TryGetValue(match.Value, out var shorter) ? shorter : throw new FormatException($"It is not said what '{match.Value}' is to become.");
        });
        return unused.Count == 0 ? shortened : throw new FormatException($"The rules have no {string.Join(", ", unused)}.");
    }

    [GeneratedRegex(@"for: \w+|\[\w+\]|[<>=!]=? [0-9.]+")]
    private static partial Regex TimeOrThreshold();
}
