using System.Runtime.CompilerServices;

namespace Pup.Silo.Demo.History;

/// <summary>The first-parent history of what is checked out in a repository.</summary>
internal sealed class GitHistory : IHistory
{
    private static readonly string[] Log =
    [
        "log", "--reverse", "--first-parent", "-m", "--no-renames", "--raw", "--numstat", "-z", "--no-abbrev", "--format=" + GitLogParser.Format,
        "--no-color", "--no-ext-diff", "--no-textconv", "--no-notes", "--ignore-submodules=none",
    ];

    private readonly Git _git;
    private readonly string _head;
    private long _total = 1;
    private long _read;

    private GitHistory(string directory, Git git, string head, bool isShallow)
    {
        Name = directory;
        _git = git;
        _head = head;
        IsShallow = isShallow;
    }

    public string Name { get; }

    public double Done => Math.Min(1, (double)_read / _total);

    /// <summary>True when the repository was cloned with a limited depth: its first commit then adds everything older.</summary>
    public bool IsShallow { get; }

    /// <exception cref="HistoryException">It is not a repository, has no commit, or git is not installed.</exception>
    public static async Task<GitHistory> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var directory = RootOf(Path.GetFullPath(path))
            ?? throw new HistoryException($"{path} is not a git repository. Name one with --repository PATH, or a file with --ndjson FILE.");
        var git = new Git(directory);
        string? reason = null;
        if (await git.AskAsync(said => reason = said, cancellationToken, "rev-parse", "--is-shallow-repository") is not { } shallow)
            throw new HistoryException($"{path} cannot be read as a git repository: {reason}");
        var head = await git.AskAsync(null, cancellationToken, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
            ?? throw new HistoryException($"The git repository {path} has no commit yet, so there is nothing to import. Commit something, or name another with --repository PATH.");
        return new GitHistory(directory, git, head, shallow == "true");
    }

    public async IAsyncEnumerable<Commit> ReadAsync(string? last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _total = Math.Max(1, await CountAsync(last, cancellationToken));
        using var process = _git.Start([.. Log, last is null ? _head : $"{last}..{_head}", "--"]);
        var said = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await foreach (var commit in new GitLogParser(process.StandardOutput.BaseStream).ReadAsync(cancellationToken))
            {
                _read++;
                yield return commit;
            }

            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
                throw new HistoryException($"git could not read the history of {Name}: {Git.FirstLine(await said)}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    // Only a commit of the first-parent line is a state that the rest of the line starts from; to be some ancestor is not enough.
    private async Task<long> CountAsync(string? last, CancellationToken cancellationToken)
    {
        using var process = _git.Start("rev-list", "--first-parent", _head, "--");
        var count = 0L;
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } hash)
        {
            if (hash == last)
            {
                process.Kill();
                return count;
            }

            count++;
        }

        return last is null ? count : throw HistoryException.Rewritten(Name, last);
    }

    // git itself would not look into a repository of another owner, so the root to be declared safe is found here.
    private static string? RootOf(string path)
    {
        for (var directory = path; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (Path.Exists(Path.Combine(directory, ".git")) || IsBare(directory))
                return directory;
        }

        return null;
    }

    private static bool IsBare(string directory) =>
        File.Exists(Path.Combine(directory, "HEAD")) && Directory.Exists(Path.Combine(directory, "objects")) && Directory.Exists(Path.Combine(directory, "refs"));
}
