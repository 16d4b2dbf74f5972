using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Pup.Silo.Commands;

/// <summary>What a command answers on standard output: to people in columns, to programs as JSON.</summary>
internal static class Answer
{
    private const int RedirectedWidth = 80;

    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // It goes to a program or a terminal, not into a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Lazy<IAnsiConsole> _terminal = new(static () => Open(Console.Out, Console.IsOutputRedirected));

    /// <summary>Standard output; without colours where nobody looks.</summary>
    public static IAnsiConsole Terminal => _terminal.Value;

    /// <summary>Standard error, for progress and questions.</summary>
    public static IAnsiConsole Side { get; } = Open(Console.Error, Console.IsErrorRedirected);

    public static void Json<T>(T answer) => Console.Out.WriteLine(JsonSerializer.Serialize(answer, _json));

    /// <summary>As the HTTP routes answer it.</summary>
    public static void Json<T>(T answer, JsonTypeInfo<T> type) => Console.Out.WriteLine(JsonSerializer.Serialize(answer, type));

    /// <summary>Text of somebody else's without what a terminal would obey.</summary>
    public static string Printable(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? '\ufffd' : c));

    /// <summary>A table without lines, so that other tools can cut it up as well.</summary>
    public static Table Table(params string[] columns)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var column in columns)
            table.AddColumn(column.EndsWith('#') ? new TableColumn(column[..^1]).RightAligned().NoWrap() : new TableColumn(column));
        return table;
    }

    /// <summary>One row, of texts that are shown as they are.</summary>
    public static void Row(this Table table, params string?[] cells) => table.AddRow([.. cells.Select(static cell => new Text(Printable(cell ?? "")))]);

    private static IAnsiConsole Open(TextWriter writer, bool isRedirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (isRedirected)
            console.Profile.Width = RedirectedWidth;
        return console;
    }
}
