using System.Globalization;
using System.Text.RegularExpressions;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>A directory with <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c> of one major version.</summary>
internal sealed partial record PostgresBinaries(string Directory, int Major)
{
    /// <summary>The oldest version that has everything the engine's statements use.</summary>
    public const int OldestMajor = 13;

    private static readonly string[] Programs = ["initdb", "pg_ctl", "postgres"];

    public string InitDb => Path.Combine(Directory, "initdb");

    public string PgCtl => Path.Combine(Directory, "pg_ctl");

    /// <summary>Null when the directory lacks a program, or the account may not run it.</summary>
    public static async Task<PostgresBinaries?> InspectAsync(string directory, ServerAccount account, CancellationToken cancellationToken)
    {
        if (!Programs.All(program => File.Exists(Path.Combine(directory, program))))
            return null;

        // A link in PATH leads to the real directory, beside which the server looks for its share files.
        var postgres = new FileInfo(Path.Combine(directory, "postgres"));
        directory = Path.GetDirectoryName((postgres.ResolveLinkTarget(returnFinalTarget: true) ?? postgres).FullName)!;
        var version = await account.RunAsync(Path.Combine(directory, "postgres"), ["--version"], cancellationToken);
        return version.Succeeded && MajorOf(version.Output) is { } major && Programs.All(program => File.Exists(Path.Combine(directory, program)))
            ? new PostgresBinaries(directory, major)
            : null;
    }

    public static int? MajorOf(string version) =>
        VersionNumber().Match(version) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"PostgreSQL\)? (\d+)")]
    private static partial Regex VersionNumber();
}
