namespace Pup.Silo.EmbeddedPostgres;

/// <summary>A file that is there only for a while; one that was already there is left as it is.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly string? _path;

    public TemporaryFile(string path, string content, bool executable = false)
    {
        if (File.Exists(path))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        if (executable && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        _path = path;
    }

    public void Dispose()
    {
        if (_path is not null)
            File.Delete(_path);
    }
}
