using System.Globalization;
using Npgsql;
using Spectre.Console;

namespace Pup.Silo.Demo.Reporting;

/// <summary>The hottest files, directories and busiest authors, out of the three read models.</summary>
internal sealed class DemoReport(NpgsqlDataSource dataSource)
{
    private const int WidthOfAFile = 160;

    private const string HottestFiles = """
        select path || case when alive then '' else ' (deleted)' end, changes, lines_added, lines_removed
        from file_activity order by changes desc, path limit 10
        """;

    private const string Directories = """
        select directory, changes, authors, lines_added, lines_removed
        from directory_activity order by changes desc, directory limit 5
        """;

    private const string BusiestAuthors = """
        select id, (document ->> 'commits')::bigint as commits, (document ->> 'files')::bigint, (document ->> 'linesAdded')::bigint, (document ->> 'linesRemoved')::bigint
        from author_activity_documents order by commits desc, id limit 5
        """;

    public async Task ShowAsync(DemoResult result, CancellationToken cancellationToken)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = WidthOfAFile;
        await WriteAsync("Hottest files", ["file", "changes", "added", "removed"], HottestFiles, cancellationToken);
        await WriteAsync("Directories", ["directory", "changes", "authors", "added", "removed"], Directories, cancellationToken);
        await WriteAsync("Busiest authors", ["author (hash of the address)", "commits", "files", "added", "removed"], BusiestAuthors, cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Events:N0} events, {result.FileEvents:N0} file changes, {result.LivePaths:N0} files exist; lag {result.Lag:N0}; projected in {result.Seconds:N1} s ({result.EventsPerSecond:N0} events/s)."));
    }

    private async Task WriteAsync(string title, string[] columns, string sql, CancellationToken cancellationToken)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(title) };
        foreach (var (column, i) in columns.Select((column, i) => (column, i)))
            table.AddColumn(i == 0 ? new TableColumn(column) : new TableColumn(column).RightAligned());
        await using var command = dataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            table.AddRow([.. Enumerable.Range(0, reader.FieldCount).Select(i => new Text(
                reader.GetValue(i) is long number ? number.ToString("N0", CultureInfo.InvariantCulture) : Printable(reader.GetString(i))))]);
        }

        AnsiConsole.Write(table);
    }

    // A path may hold anything, also what a terminal would obey.
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\ufffd' : c));
}
