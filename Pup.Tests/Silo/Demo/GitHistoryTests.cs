using Pup.Silo.Demo.History;

namespace Pup.Tests.Silo.Demo;

public sealed class GitHistoryTests
{
    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Folding_the_changes_gives_exactly_the_paths_that_git_says_are_there()
    {
        using var git = NastyHistory.Create();
        var alive = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in (await ReadAsync(git.Path)).SelectMany(commit => commit.Changes))
        {
            // Added exactly when it was not there, and gone exactly when it was.
            Assert.True(change.Kind switch
            {
                ChangeKind.Added => alive.Add(change.Path),
                ChangeKind.Deleted => alive.Remove(change.Path),
                _ => alive.Contains(change.Path),
            });
        }

        Assert.Equal(GitRepository.PathsAlive(git.Path).Order(StringComparer.Ordinal), alive.Order(StringComparer.Ordinal));
        Assert.Contains("./caf%E9/latin1.txt", alive);
        Assert.Contains("café/utf8.txt", alive);
        Assert.Contains("%E9 percent", alive);
        Assert.Contains("tab\tnewline\nquote\"back\\slash", alive);
    }

    [Fact]
    public async Task Lines_are_counted_a_binary_file_has_none_and_an_empty_commit_is_a_commit()
    {
        using var git = NastyHistory.Create();
        var commits = await ReadAsync(git.Path);
        Assert.Equal(new FileChange("src/a.cs", ChangeKind.Added, 3, 0), commits[0].Changes.Single(c => c.Path == "src/a.cs"));
        Assert.Equal(new FileChange("src/a.cs", ChangeKind.Modified, 1, 1), commits[3].Changes.Single(c => c.Path == "src/a.cs"));
        Assert.Equal(new FileChange("binary", ChangeKind.Added, null, null), commits[6].Changes.Single(c => c.Path == "binary"));
        Assert.Empty(commits[2].Changes);
        Assert.Equal(["empty", "side/only.txt", "src/renamed.cs"], commits[8].Changes.Select(c => c.Path));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("ann@example"u8))[..12], commits[0].Author);
        Assert.Equal(1_700_000_000, commits[0].At);
    }

    [Fact]
    public async Task Only_what_came_after_the_last_commit_is_read()
    {
        using var git = NastyHistory.Create();
        var all = await ReadAsync(git.Path);
        Assert.Equal(all.Skip(6).Select(c => c.Hash), (await ReadAsync(git.Path, all[5].Hash)).Select(c => c.Hash));
        Assert.Empty(await ReadAsync(git.Path, all[^1].Hash));
    }

    [Fact]
    public async Task A_last_commit_that_is_no_longer_on_the_first_parent_line_is_refused_with_what_to_do()
    {
        using var git = NastyHistory.Create();
        var side = git.Git("rev-parse", "side");
        Assert.Contains("--fresh", (await Assert.ThrowsAsync<HistoryException>(() => ReadAsync(git.Path, side))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HistoryException>(() => ReadAsync(git.Path, new string('0', 40)));
    }

    [Fact]
    public async Task What_is_no_repository_or_has_no_commit_is_said_in_words()
    {
        using var empty = GitRepository.Create();
        Assert.Contains("has no commit", (await Assert.ThrowsAsync<HistoryException>(() => ReadAsync(empty.Path))).Message, StringComparison.Ordinal);
        var nothing = Directory.CreateTempSubdirectory("pup-nothing-").FullName;
        Assert.Contains("is not a git repository", (await Assert.ThrowsAsync<HistoryException>(() => ReadAsync(nothing))).Message, StringComparison.Ordinal);
        Directory.Delete(nothing);
    }

    [Fact]
    public async Task A_shallow_clone_begins_with_everything_that_is_older()
    {
        using var git = NastyHistory.Create();
        using var clone = GitRepository.Create();
        Directory.Delete(clone.Path, recursive: true);
        git.Git("clone", "-q", "--bare", "--depth", "2", "file://" + git.Path, clone.Path);
        var history = await GitHistory.OpenAsync(clone.Path, CancellationToken);
        Assert.True(history.IsShallow);
        var commits = await ReadAsync(clone.Path);
        Assert.All(commits[0].Changes, change => Assert.Equal(ChangeKind.Added, change.Kind));
        Assert.Equal(
            GitRepository.PathsAlive(clone.Path).Count,
            commits.Sum(c => c.Changes.Count(x => x.Kind == ChangeKind.Added) - c.Changes.Count(x => x.Kind == ChangeKind.Deleted)));
    }

    [Fact]
    public async Task A_users_configuration_and_environment_change_nothing()
    {
        using var git = NastyHistory.Create();
        var plain = await ReadAsync(git.Path);
        foreach (var setting in new[] { "color.ui=always", "log.showSignature=true", "log.showRoot=false", "diff.renames=copies", "core.quotePath=true", "diff.relative=true", "core.abbrev=4", "format.pretty=fuller", "log.date=relative", "diff.ignoreSubmodules=all", "log.decorate=full", "diff.noprefix=true" })
            git.Git("config", setting.Split('=')[0], setting.Split('=')[1]);
        Assert.Equivalent(plain, await ReadAsync(git.Path), strict: true);
    }

    private static async Task<List<Commit>> ReadAsync(string path, string? last = null)
    {
        var commits = new List<Commit>();
        await foreach (var commit in (await GitHistory.OpenAsync(path, CancellationToken)).ReadAsync(last, CancellationToken))
            commits.Add(commit);
        return commits;
    }
}
