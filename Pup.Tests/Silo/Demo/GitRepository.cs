using System.Diagnostics;
using System.Text;
using Pup.Silo.Demo.History;

namespace Pup.Tests.Silo.Demo;

/// <summary>A bare repository whose history is written by <c>git fast-import</c>, so that any history and any path can be had.</summary>
internal sealed class GitRepository : IDisposable
{
    private int _commits;

    private GitRepository(string path) => Path = path;

    public string Path { get; }

    public static GitRepository Create()
    {
        var path = Directory.CreateTempSubdirectory("pup-history-").FullName;
        Run(path, null, "init", "-q", "--bare", "-b", "main", ".");
        return new GitRepository(path);
    }

    /// <summary>Appends a commit to a branch; each change is a line of fast-import, or <c>path=content</c> for a plain file.</summary>
    public void Commit(string branch, string author, params string[] changes) => Write(branch, author, null, changes);

    public void Merge(string branch, string author, string merged, params string[] changes) => Write(branch, author, merged, changes);

    private void Write(string branch, string author, string? merge, params string[] changes)
    {
        var at = 1_700_000_000 + (60 * _commits++);
        var stream = new StringBuilder();
        stream.Append(System.Globalization.CultureInfo.InvariantCulture, $"commit refs/heads/{branch}\ncommitter {author} <{author}@example> {at} +0000\ndata 1\nx\n");
        if (Git("rev-parse", "--verify", "--quiet", $"refs/heads/{branch}") is { Length: > 0 } parent)
            stream.Append($"from {parent}\n");
        if (merge is not null)
            stream.Append($"merge {Git("rev-parse", merge)}\n");
        foreach (var change in changes)
            stream.Append(change.Split('=', 2) is [var path, var content] && !change.StartsWith("M ", StringComparison.Ordinal) ? Inline("100644", path, content) : change + "\n");
        stream.Append('\n');
        Run(Path, stream.ToString(), "fast-import", "--quiet", "--force");
    }

    public void Branch(string name, string from) => Git("update-ref", $"refs/heads/{name}", Git("rev-parse", from));

    public static string Inline(string mode, string path, string content) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"M {mode} inline {path}\ndata {Encoding.UTF8.GetByteCount(content)}\n{content}\n");

    public static string Link(string path, string target) => Inline("120000", path, target).TrimEnd('\n');

    public static string Executable(string path, string content) => Inline("100755", path, content).TrimEnd('\n');

    public static string Submodule(string path, char digit) => $"M 160000 {new string(digit, 40)} {path}";

    /// <summary>The oracle: what git itself says is there now.</summary>
    public static HashSet<string> PathsAlive(string repository)
    {
        using var git = new Git(repository).Start("ls-tree", "-r", "-z", "--name-only", "HEAD");
        using var output = new MemoryStream();
        git.StandardOutput.BaseStream.CopyTo(output);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var range in MemoryExtensions.Split<byte>(output.ToArray(), (byte)0))
        {
            if (output.ToArray().AsSpan()[range] is { Length: > 0 } path)
                Assert.True(paths.Add(GitPath.NameOf(path)));
        }

        return paths;
    }

    public string Git(params string[] arguments) => Run(Path, null, arguments);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Run(string directory, string? input, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        git.StandardInput.Write(input);
        git.StandardInput.Close();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return output.TrimEnd('\n');
    }
}
