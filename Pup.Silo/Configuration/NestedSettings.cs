using System.Text.Json;

namespace Pup.Silo.Configuration;

/// <summary>
/// The options that are lists or tables: <c>ApiKeys</c> and <c>LagThresholds</c>. They are no flags, and are handed on as they are, each
/// value with the names on the way to it.
/// </summary>
internal static class NestedSettings
{
    private const string Separator = "__";
    private static readonly string[] _names = ["ApiKeys", "LagThresholds"];

    /// <summary>Whether the option is one of them, or a value within one.</summary>
    public static bool Contains(string option) => _names.Any(name =>
        option.Equals(name, StringComparison.OrdinalIgnoreCase) || option.StartsWith(name + Separator, StringComparison.OrdinalIgnoreCase));

    /// <summary>The values within an option of the configuration file.</summary>
    public static IEnumerable<(string Name, JsonElement Value)> Flatten(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().SelectMany(property => Flatten(name + Separator + property.Name, property.Value)),
        JsonValueKind.Array => value.EnumerateArray().SelectMany((item, index) => Flatten($"{name}{Separator}{index}", item)),
        _ => [(name, value)],
    };

    /// <summary>Takes them out, as the platform's configuration names them.</summary>
    public static IReadOnlyDictionary<string, string?> TakeFrom(Dictionary<string, SourcedValue> values)
    {
        var nested = values.Where(value => Contains(value.Key)).ToArray();
        foreach (var (name, _) in nested)
            values.Remove(name);
        return nested.ToDictionary(value => "Pup:" + value.Key.Replace(Separator, ":", StringComparison.Ordinal), value => (string?)value.Value.Text);
    }
}
