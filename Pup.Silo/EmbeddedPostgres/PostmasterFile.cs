using System.Globalization;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>What <c>postmaster.pid</c> says. It outlives a crash of the server, so by itself it proves nothing.</summary>
internal sealed record PostmasterFile(int ProcessId, string DataDirectory, string SocketDirectory, string Status)
{
    private const int SocketLine = 4;
    private const int StatusLine = 7;

    public bool IsReady => Status == "ready";

    /// <summary>Null when there is none, or when the server is just writing it.</summary>
    public static PostmasterFile? Read(string dataDirectory)
    {
        try
        {
            return Parse(File.ReadAllText(Path.Combine(dataDirectory, "postmaster.pid")));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public static PostmasterFile? Parse(string text)
    {
        var lines = text.Split('\n');
        return lines.Length > 1 && int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 1
            ? new PostmasterFile(pid, lines[1], Line(SocketLine), Line(StatusLine))
            : null;
        string Line(int index) => lines.Length > index ? lines[index].Trim() : "";
    }
}
