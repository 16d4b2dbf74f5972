using MysticMind.PostgresEmbed;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>Binaries fetched from Maven Central, or taken from a prepared folder, by MysticMind.PostgresEmbed.</summary>
internal static class BinaryDownload
{
    /// <summary>A folder that already holds <c>postgres-VERSION-linux-amd64</c>, for machines without a way to the internet.</summary>
    public const string Variable = "PUP_POSTGRES_DOWNLOADS";

    private const string DefaultMajor = "17";

    public static async Task<PostgresBinaries?> FetchAsync(
        string directory, int? wanted, ServerAccount account, Action<string> tell, CancellationToken cancellationToken)
    {
        directory = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } prepared ? prepared : directory;
        Directory.CreateDirectory(directory);
        tell("PostgreSQL is not installed; fetching its binaries.");
        await new PgServer(new PgServerOptions { PgVersion = wanted?.ToString() ?? DefaultMajor, BinariesDir = directory }).InstallAsync(cancellationToken);
        foreach (var candidate in Directory.GetDirectories(directory, "postgres-*").OrderDescending(StringComparer.Ordinal))
        {
            var binaries = await PostgresBinaries.InspectAsync(Path.Combine(candidate, "bin"), account, cancellationToken);
            if (BinaryLocator.Fits(binaries, wanted))
                return binaries;
        }

        return null;
    }
}
