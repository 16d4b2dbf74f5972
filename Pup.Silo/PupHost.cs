using Pup.Grains;
using Pup.Silo.Commands;

namespace Pup.Silo;

/// <summary>The whole process for projections of one's own: configuration, commands, clustering, logging, graceful shutdown.</summary>
public static class PupHost
{
    /// <summary>Runs the command line: <c>return await PupHost.RunAsync(args, pup => pup.AddProjection&lt;Orders&gt;());</c>. Without a command it runs the projections.</summary>
    /// <returns>The process's exit code: 0 stopped gracefully, 1 failed, 2 wrong configuration, 130 interrupted.</returns>
    public static Task<int> RunAsync(string[] args, Action<PupBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(configure);
        return CommandLine.RunAsync(args, configure);
    }

    /// <summary>As <see cref="RunAsync"/>, for a <c>Main</c> that is not asynchronous.</summary>
    public static int Run(string[] args, Action<PupBuilder> configure) => RunAsync(args, configure).GetAwaiter().GetResult();
}
