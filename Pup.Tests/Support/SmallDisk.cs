using System.Diagnostics;
using System.Globalization;

namespace Pup.Tests.Support;

/// <summary>
/// A file system of a few megabytes that can be filled up and freed. It is mounted in a namespace of its own, which only the
/// server under test joins, and which ends with this process, also after a kill -9.
/// </summary>
public sealed class SmallDisk : IAsyncDisposable
{
    public const string Missing = "Needs a file system that can be filled up: only root can mount one, and not in every container.";

    private const string Holder = """
        mkdir -p "$1" && mount -t tmpfs -o size="$2",mode=1777 tmpfs "$1" && echo mounted && read -r _
        """;

    private static int s_count;
    private readonly Process _holder;

    private SmallDisk(Process holder, string path) => (_holder, Path) = (holder, path);

    /// <summary>Where those see it who are in its namespace.</summary>
    public string Path { get; }

    internal string[] Enter => ["nsenter", $"--mount=/proc/{_holder.Id}/ns/mnt", "--"];

    private string Filler => $"/proc/{_holder.Id}/root{Path}/filler";

    /// <returns>Null where it cannot be mounted.</returns>
    public static async Task<SmallDisk?> TryMountAsync(int megabytes)
    {
        if (!Environment.IsPrivilegedProcess)
            return null;
        var path = string.Create(CultureInfo.InvariantCulture, $"/tmp/pup-disk-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
        var holder = Process.Start(new ProcessStartInfo("unshare", ["--mount", "/bin/sh", "-c", Holder, "sh", path, $"{megabytes}m"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var disk = new SmallDisk(holder, path);
        if (await holder.StandardOutput.ReadLineAsync() == "mounted")
            return disk;
        await disk.DisposeAsync();
        return null;
    }

    /// <summary>Takes all the space that is left.</summary>
    public void FillUp()
    {
        var block = new byte[4096];
        try
        {
            using var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
                filler.Write(block);
        }
        catch (IOException)
        {
            // No space left on device.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        _holder.StandardInput.Close();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
        if (Directory.Exists(Path))
            Directory.Delete(Path);
    }
}
