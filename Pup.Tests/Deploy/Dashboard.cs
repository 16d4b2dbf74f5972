using System.Text.Json;
using System.Text.RegularExpressions;
using Pup.Tests.Docs;

namespace Pup.Tests.Deploy;

/// <summary>The dashboard for Grafana, and what it asks of Prometheus.</summary>
internal sealed partial class Dashboard
{
    public const string File = "deploy/grafana/dashboards/pup.json";

    private readonly JsonElement _root;

    private Dashboard(JsonElement root)
    {
        _root = root;
        Panels = [.. root.GetProperty("panels").EnumerateArray().Where(panel => !IsRow(panel))];
    }

    public JsonElement Root => _root;

    /// <summary>Without the rows, which are headings.</summary>
    public IReadOnlyList<JsonElement> Panels { get; }

    /// <summary>What panels and variables ask, with the name of who asks.</summary>
    public IReadOnlyList<(string Who, string Expression)> Queries =>
    [
        .. Panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target => (TitleOf(panel), target.GetProperty("expr").GetString()!))),
        .. Variables.Where(variable => variable.GetProperty("type").ValueEquals("query")).Select(variable => ($"${Text(variable, "name")}", ExpressionOf(variable))),
    ];

    /// <summary>What its annotations ask.</summary>
    public IReadOnlyList<string> Annotations => [.. _root.GetProperty("annotations").GetProperty("list").EnumerateArray().Select(one => Text(one, "expr"))];

    public IEnumerable<JsonElement> Variables => _root.GetProperty("templating").GetProperty("list").EnumerateArray();

    public static Dashboard Read() => new(JsonDocument.Parse(Repository.Read(File)).RootElement);

    public static bool IsRow(JsonElement panel) => panel.GetProperty("type").ValueEquals("row");

    public static string TitleOf(JsonElement panel) => Text(panel, "title");

    public static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    // Grafana's own function: all values of a label.
    private static string ExpressionOf(JsonElement variable)
    {
        var asked = LabelValues().Match(variable.GetProperty("query").GetProperty("query").GetString()!);
        Assert.True(asked.Success, $"{variable}");
        return $"count by ({asked.Groups["label"].Value}) ({asked.Groups["series"].Value})";
    }

    [GeneratedRegex(@"\Alabel_values\((?<series>.+), (?<label>\w+)\)\z")]
    private static partial Regex LabelValues();
}
