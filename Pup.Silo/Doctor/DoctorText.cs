using Pup.Silo.Commands;
using Spectre.Console;

namespace Pup.Silo.Doctor;

/// <summary>A report for people.</summary>
internal static class DoctorText
{
    public static void Write(DoctorReport report, IAnsiConsole terminal)
    {
        foreach (var finding in report.Findings)
        {
            terminal.Write(new Text($"{finding.Severity.ToString().ToLowerInvariant()} {finding.Code}: ", new Style(ColorOf(finding.Severity), decoration: Decoration.Bold)));
            terminal.Write(new Text(Answer.Printable(finding.Where) + "\n"));
            Indent(finding.What);
            Indent("Do: " + finding.Do);
            if (finding.Hidden is not null)
                Indent("Hidden: " + finding.Hidden);
            terminal.WriteLine();
        }

        foreach (var note in report.Notes)
            terminal.Write(new Text($"Note: {Answer.Printable(note)}\n"));
        var count = report.Findings.Count;
        terminal.WriteLine(count == 0 ? "No findings." : count == 1 ? "1 finding." : $"{count} findings.");

        void Indent(string text) => terminal.Write(new Padder(new Text(Answer.Printable(text))).Padding(2, 0, 0, 0));
    }

    private static Color ColorOf(Severity severity) => severity switch
    {
        Severity.Error => Color.Red,
        Severity.Warning => Color.Yellow,
        _ => Color.Blue,
    };
}
