using System.Globalization;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>PostgreSQL's programs: found on this machine, else installed as a package, else downloaded.</summary>
internal sealed class BinarySource(ServerPlace place, ServerAccount account, Action<string> tell)
{
    public async Task<PostgresBinaries> GetAsync(CancellationToken cancellationToken)
    {
        var wanted = place.DataMajor;
        if (await BinaryLocator.FindAsync(wanted, account, cancellationToken) is { } found)
            return found;

        string? failure = null;
        if (PackageInstaller.IsUsable)
        {
            failure = await new PackageInstaller(tell).InstallAsync(wanted, cancellationToken);
            if (await BinaryLocator.FindAsync(wanted, account, cancellationToken) is { } installed)
                return installed;
        }

        try
        {
            // Where the server's account can go: the place itself is closed to none but it and root.
            if (await BinaryDownload.FetchAsync(Path.Combine(place.Root, "binaries"), wanted, account, tell, cancellationToken) is { } fetched)
                return fetched;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever its way to the internet throws, the answer to a person is the same.
            failure = failure is null ? e.Message : $"{failure}; {e.Message}";
        }

        throw new EmbeddedPostgresException(Missing(wanted, failure));
    }

    private string Missing(int? wanted, string? failure)
    {
        var package = wanted is null ? "postgresql" : $"postgresql-{wanted.Value.ToString(CultureInfo.InvariantCulture)}";
        var reason = wanted is null ? "" : $" (the data in {place.Data} was made by version {wanted})";
        var tried = failure is null ? "" : $" Tried: {failure.ReplaceLineEndings(" ")}";
        return $"PostgreSQL is needed{reason}: install it with 'apt-get install {package}', or set {BinaryLocator.Variable} to a directory with initdb, pg_ctl and postgres, or DATABASE_URL to a database.{tried}";
    }
}
