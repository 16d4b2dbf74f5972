using System.ComponentModel;
using System.Diagnostics;

namespace Pup.Silo.Demo.History;

/// <summary>Runs git in one repository, free of what the user's configuration and environment would change in its output.</summary>
internal sealed class Git(string directory)
{
    // Where a hook or a script set these, git would look elsewhere than in the directory.
    private static readonly string[] Redirections =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"];

    private static readonly string[] Settings =
        ["color.ui=false", "log.showSignature=false", "log.showRoot=true", "diff.orderFile=/dev/null", "diff.renames=false", "diff.relative=false"];

    public Process Start(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("git", Common().Concat(arguments))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in Redirections)
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        start.Environment["GIT_PAGER"] = "cat";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception)
        {
            throw new HistoryException("git is needed to read the history of a repository: install it ('apt-get install git'), or import a file with --ndjson.");
        }
    }

    /// <summary>The answer of a short command, or null when git refused; <paramref name="error"/> then gets its words.</summary>
    public async Task<string?> AskAsync(Action<string>? error, CancellationToken cancellationToken, params IEnumerable<string> arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var said = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode == 0)
            return (await output).TrimEnd('\n');
        error?.Invoke(FirstLine(await said));
        return null;
    }

    public static string FirstLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? "git gave no reason";

    private IEnumerable<string> Common() =>
        [.. Settings.Append($"safe.directory={directory}").SelectMany(setting => new[] { "-c", setting }), "-C", directory];
}
