using System.Globalization;
using System.Text.RegularExpressions;
using Pup.Tests.Scenarios.Cluster;

namespace Pup.Tests.Telemetry;

/// <summary>What a silo answers to Prometheus, read line by line.</summary>
internal sealed partial class Scrape
{
    private static readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(10) };

    private readonly Dictionary<string, string> _types = [];
    private readonly List<Sample> _samples = [];

    private Scrape(string text)
    {
        Text = text;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Read(line);
    }

    public string Text { get; }

    public IReadOnlyList<Sample> Samples => _samples;

    public static async Task<Scrape> OfAsync(SiloProcess silo) => new(await _client.GetStringAsync(new Uri(silo.Web, "/metrics")));

    public static Scrape Of(string text) => new(text);

    /// <summary>As the TYPE line has it; null where there is no such series.</summary>
    public string? TypeOf(string name) => _types.GetValueOrDefault(name);

    /// <summary>All samples of a series, or of a part of it that has these labels, for example <c>projection_name="orders"</c>.</summary>
    public IReadOnlyList<Sample> Of(string name, params string[] labels) =>
        [.. _samples.Where(sample => sample.Name == name && labels.All(sample.Labels.Contains))];

    /// <summary>The value of the one sample.</summary>
    public double Value(string name, params string[] labels) => Of(name, labels) is [var only]
        ? only.Value
        : throw new InvalidOperationException($"There is not one {name} with {string.Join(", ", labels)} in:\n{Text}");

    public double Sum(string name, params string[] labels) => Of(name, labels).Sum(sample => sample.Value);

    /// <summary>Names of labels, in order.</summary>
    public string LabelsOf(string name) =>
        string.Join(' ', _samples.Where(sample => sample.Name == name).SelectMany(sample => sample.Labels).Select(label => label[..label.IndexOf('=', StringComparison.Ordinal)]).Distinct().Order(StringComparer.Ordinal));

    private void Read(string line)
    {
        if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
        {
            var words = line.Split(' ');
            _types.Add(words[2], words[3]);
            return;
        }

        if (line[0] == '#')
            return;
        var match = Line().Match(line);
        if (!match.Success)
            throw new FormatException($"Prometheus could not read: {line}");
        _samples.Add(new Sample(
            match.Groups["name"].Value,
            [.. match.Groups["label"].Captures.Select(capture => capture.Value)],
            double.Parse(match.Groups["value"].Value.Replace("+Inf", "∞", StringComparison.Ordinal), CultureInfo.InvariantCulture)));
    }

    [GeneratedRegex("""\A(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?<label>[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\.)*"),?)*\})? (?<value>[-+0-9.eE]+|[+-]Inf|NaN)( [0-9]+)?\z""")]
    private static partial Regex Line();

    internal sealed record Sample(string Name, IReadOnlyList<string> Labels, double Value);
}
