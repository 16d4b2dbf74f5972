namespace Pup.Silo.EmbeddedPostgres;

/// <summary>Makes the data directory, whole or not at all, and writes the settings of the next start.</summary>
internal sealed class DataDirectory(ServerPlace place, ServerAccount account, PostgresBinaries binaries)
{
    private const long NeededBytes = 256L << 20;
    private const string Include = "include_if_exists = 'pup.conf'";

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (place.DataMajor is null)
            await CreateAsync(cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(place.Data, "pup.conf"), Settings(place), cancellationToken);
        var main = Path.Combine(place.Data, "postgresql.conf");
        if (!(await File.ReadAllTextAsync(main, cancellationToken)).Contains(Include, StringComparison.Ordinal))
            await File.AppendAllTextAsync(main, $"\n{Include}\n", cancellationToken);
    }

    // Durable: what the demo shows is the real thing. Reached by its socket alone.
    private static string Settings(ServerPlace place) => $"""
        # Written at each start.
        listen_addresses = ''
        unix_socket_directories = '{place.Socket}'
        unix_socket_permissions = 0700
        port = {EmbeddedServer.Port}
        fsync = on
        full_page_writes = on
        synchronous_commit = on
        max_connections = 100
        logging_collector = off
        log_destination = stderr
        log_line_prefix = '%m [%p] '

        """;

    // A process killed in the middle of initdb leaves data.new, which is made anew; data is there only when it is whole.
    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var free = new DriveInfo(place.Root).AvailableFreeSpace;
        if (free < NeededBytes)
        {
            throw new EmbeddedPostgresException(
                $"The disk that holds {place.Root} has {free >> 20} MB free; a PostgreSQL server needs {NeededBytes >> 20} MB. Free some space, or set DATABASE_URL.");
        }

        var unfinished = place.Data + ".new";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        var initdb = await account.RunAsync(
            binaries.InitDb,
            ["-D", unfinished, "-U", EmbeddedServer.User, "-E", "UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject"],
            cancellationToken);
        if (!initdb.Succeeded)
            throw new EmbeddedPostgresException($"A PostgreSQL server could not be made in {place.Root}: {initdb.Reason}. Put that right, or set DATABASE_URL.");
        Directory.Move(unfinished, place.Data);
    }
}
