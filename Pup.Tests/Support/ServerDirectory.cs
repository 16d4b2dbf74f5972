using System.Globalization;

namespace Pup.Tests.Support;

/// <summary>
/// The directory of one server: data, log and socket, in a place short enough for a socket path and open to the server's
/// user. A file lock, which the kernel releases however this process ends, tells the living from the left over.
/// </summary>
internal sealed class ServerDirectory : IDisposable
{
    private const string Prefix = "/tmp/pup-tests-";
    private static int s_count;
    private FileStream? _lock;

    private ServerDirectory(string path) => Root = path;

    public string Root { get; }

    public string Data => Path.Combine(Root, "data");

    public string Log => Path.Combine(Root, "log");

    public static async Task<ServerDirectory> CreateAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
        var directory = new ServerDirectory(Prefix + name);
        await Shell.RunAsync("rm -rf \"$1\" && mkdir -m 700 \"$1\"", directory.Root);
        directory._lock = TryLock(directory.Root, FileMode.CreateNew);
        return directory;
    }

    /// <summary>Ends servers and removes directories whose test process, and watchdog, were killed together.</summary>
    public static async Task SweepAsync()
    {
        foreach (var path in Directory.GetDirectories(Path.GetDirectoryName(Prefix)!, Path.GetFileName(Prefix) + "*"))
        {
            try
            {
                using var held = TryLock(path, FileMode.Open);
                if (held is not null)
                    await Shell.RunAsync(
                        """
                        if read -r pid < "$1/data/postmaster.pid" && grep -q "$1" "/proc/$pid/cmdline"; then kill -QUIT "$pid"; fi 2>/dev/null
                        rm -rf "$1"
                        """,
                        path);
            }
            catch (Exception error) when (error is InvalidOperationException or UnauthorizedAccessException)
            {
                // Another user's, or another run is sweeping it as well: not ours to worry about.
            }
        }
    }

    public void Dispose() => _lock?.Dispose();

    private static FileStream? TryLock(string directory, FileMode mode)
    {
        try
        {
            return new FileStream(Path.Combine(directory, "owner"), mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
