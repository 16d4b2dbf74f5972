namespace Pup.Tests.Support;

/// <summary>Where initdb and postgres are. Tests never skip for want of them.</summary>
internal static class PostgresBinaries
{
    public const string Missing =
        "No PostgreSQL server binaries (initdb, postgres) in PUP_POSTGRES_BIN, /usr/lib/postgresql/*/bin or PATH: run ./test.sh as root, or install them (`apt-get install postgresql`).";

    public static string Find() =>
        Candidates().FirstOrDefault(IsComplete) ?? throw new InvalidOperationException(Missing);

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("PUP_POSTGRES_BIN") is { Length: > 0 } chosen)
            return [chosen];
        const string debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(debian) ? Directory.GetDirectories(debian) : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return versions
            .OrderByDescending(directory => int.TryParse(Path.GetFileName(directory), out var version) ? version : 0)
            .Select(directory => Path.Combine(directory, "bin"))
            .Concat(path);
    }

    private static bool IsComplete(string directory) =>
        File.Exists(Path.Combine(directory, "initdb")) && File.Exists(Path.Combine(directory, "postgres"));
}
