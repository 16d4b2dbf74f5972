using System.Globalization;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>
/// Which living processes belong to a data directory. A server and all its backends stand in it, which no process
/// that merely got the same number does.
/// </summary>
internal static class ServerProcesses
{
    public static bool IsServer(int processId, string dataDirectory) =>
        WorkingDirectoryOf($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}") == dataDirectory;

    /// <summary>Processes that stand in the directory: a server, or backends that outlive a killed one for a moment.</summary>
    public static int[] In(string dataDirectory) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Where(process => int.TryParse(Path.GetFileName(process), out _) && WorkingDirectoryOf(process) == dataDirectory)
            .Select(process => int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture))];

    private static string? WorkingDirectoryOf(string process)
    {
        try
        {
            return new DirectoryInfo(Path.Combine(process, "cwd")).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // It ended meanwhile, or is someone else's.
        }
    }
}
