using System.Diagnostics;

namespace Pup.Tests.Support;

/// <summary>Starts programs as the user that may run PostgreSQL: the server refuses root.</summary>
internal static class Shell
{
    private static readonly string[] s_runuser = ["/usr/sbin/runuser", "/sbin/runuser", "/usr/bin/runuser"];

    // Binaries that came by no package have brought no user of their own.
    private static readonly Lazy<string> s_user = new(() =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody");

    public static Process Start(string script, params string[] arguments) => StartInside(null, script, arguments);

    /// <summary>In the namespace in which <paramref name="disk"/> is mounted, if there is one.</summary>
    public static Process StartInside(SmallDisk? disk, string script, params string[] arguments)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        List<string> command = ["setsid", "/bin/sh", "-c", script, "sh", .. arguments];
        if (Environment.IsPrivilegedProcess)
            command.InsertRange(0, [s_runuser.First(File.Exists), "-u", s_user.Value, "--"]);
        if (disk is not null)
            command.InsertRange(0, disk.Enter);
        start.FileName = command[0];
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static Task RunAsync(string script, params string[] arguments) => RunInsideAsync(null, script, arguments);

    public static async Task RunInsideAsync(SmallDisk? disk, string script, params string[] arguments)
    {
        using var process = StartInside(disk, script, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"`{script}` failed with {process.ExitCode}: {await error}{await output}");
    }
}
