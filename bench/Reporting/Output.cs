using System.Text.Json;

namespace Pup.Bench.Reporting;

/// <summary>The result on standard output: one JSON line, or a table of the same figures for people.</summary>
internal static class Output
{
    public static int Write(string line, bool json)
    {
        using var document = JsonDocument.Parse(line);
        var figures = document.RootElement.EnumerateObject().Select(p => (Name: p.Name.Replace('_', ' '), Value: Readable(p.Value))).ToList();
        if (json)
        {
            Console.WriteLine(line);
        }
        else
        {
            var (left, right) = (figures.Max(f => f.Name.Length), figures.Max(f => f.Value.Length));
            Console.WriteLine();
            foreach (var (name, value) in figures)
                Console.WriteLine($"  {name.PadRight(left)}  {value.PadLeft(right)}");
            Console.WriteLine();
        }

        return document.RootElement.TryGetProperty("valid", out var valid) && !valid.GetBoolean() ? 1 : 0;
    }

    private static string Readable(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.GetDouble() >= 1000 ? value.GetDouble().ToString("N0", null) : value.ToString();
}
