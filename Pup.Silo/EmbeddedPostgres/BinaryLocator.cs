using System.Globalization;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>Finds PostgreSQL on this machine: where it was said to be, in PATH, or where packages put it, newest first.</summary>
internal static class BinaryLocator
{
    public const string Variable = "PUP_POSTGRES_BIN";

    private static readonly (string Parent, string Pattern)[] PackageDirectories =
        [("/usr/lib/postgresql", "*"), ("/usr/local/pgsql", ""), ("/usr", "pgsql-*"), ("/opt/homebrew/opt", "postgresql@*")];

    /// <param name="wanted">The major version that made the existing data; null when there is none yet.</param>
    /// <param name="account">Who must be able to run them.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public static async Task<PostgresBinaries?> FindAsync(int? wanted, ServerAccount account, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } said)
        {
            var binaries = await PostgresBinaries.InspectAsync(said, account, cancellationToken);
            return Fits(binaries, wanted)
                ? binaries
                : throw new EmbeddedPostgresException(
                    $"{Variable} is '{said}', but there is no runnable initdb, pg_ctl and postgres of version {Wanted(wanted)} in that directory.");
        }

        foreach (var directory in Candidates())
        {
            var binaries = await PostgresBinaries.InspectAsync(directory, account, cancellationToken);
            if (Fits(binaries, wanted))
                return binaries;
        }

        return null;
    }

    public static bool Fits(PostgresBinaries? binaries, int? wanted) =>
        binaries is not null && (wanted is null ? binaries.Major >= PostgresBinaries.OldestMajor : binaries.Major == wanted);

    public static string Wanted(int? major) =>
        major?.ToString(CultureInfo.InvariantCulture) ?? $"{PostgresBinaries.OldestMajor} or later";

    private static IEnumerable<string> Candidates() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Concat(PackageDirectories.SelectMany(Versions));

    private static IEnumerable<string> Versions((string Parent, string Pattern) place) =>
        !Directory.Exists(place.Parent) ? []
        : place.Pattern.Length == 0 ? [Path.Combine(place.Parent, "bin")]
        : Directory.GetDirectories(place.Parent, place.Pattern).OrderByDescending(NumberIn).Select(directory => Path.Combine(directory, "bin"));

    private static int NumberIn(string path) =>
        int.TryParse(string.Concat(Path.GetFileName(path).Where(char.IsAsciiDigit)), out var number) ? number : 0;
}
