using System.Text.Json;

namespace Pup.Silo.Configuration;

/// <summary>The section <c>Pup</c> of a JSON file; other sections (Logging, …) are the host's.</summary>
internal static class ConfigurationFile
{
    public const string DefaultName = "pup.json";
    private const string Section = "Pup";

    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Name to value; empty when no file was asked for and there is none.</summary>
    public static Dictionary<string, SourcedValue> Read(string? path)
    {
        if (path is null && !File.Exists(DefaultName))
            return [];
        path ??= DefaultName;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
            return Flatten(document.RootElement, path);
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"The configuration file {path} is not JSON: line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The configuration file {path} cannot be read: {e.Message}");
        }
    }

    private static Dictionary<string, SourcedValue> Flatten(JsonElement root, string path)
    {
        var values = new Dictionary<string, SourcedValue>(StringComparer.OrdinalIgnoreCase);
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(Section, out var section) || section.ValueKind != JsonValueKind.Object)
            throw new ConfigurationException($"The configuration file {path} has no section \"{Section}\": {{ \"{Section}\": {{ \"BatchSize\": 500 }} }}.");
        foreach (var (name, value) in section.EnumerateObject()
            .SelectMany(property => NestedSettings.Contains(property.Name) ? NestedSettings.Flatten(property.Name, property.Value) : [(property.Name, property.Value)]))
            values[name] = new SourcedValue(TextOf(value, name, path), $"{name} in {path}");
        return values;
    }

    private static string TextOf(JsonElement value, string name, string path) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(item => TextOf(item, name, path))),
        _ => throw new ConfigurationException($"{name} in {path} must be a text, a number, true or false."),
    };
}
