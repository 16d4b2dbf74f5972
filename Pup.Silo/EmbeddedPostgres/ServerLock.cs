using System.Globalization;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>One process per private server. The kernel frees the lock when its holder ends, however it ends.</summary>
internal sealed class ServerLock : IDisposable
{
    private readonly FileStream _file;

    private ServerLock(FileStream file) => _file = file;

    public static ServerLock Take(ServerPlace place)
    {
        FileStream file;
        try
        {
            file = new FileStream(place.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            var holder = File.Exists(place.Owner) ? File.ReadAllText(place.Owner) : "unknown";
            throw new EmbeddedPostgresException(
                $"The private PostgreSQL server in {place.Root} is in use by another pup, process {holder}. Stop that one first, or set DATABASE_URL.", e);
        }

        File.WriteAllText(place.Owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new ServerLock(file);
    }

    public void Dispose() => _file.Dispose();
}
