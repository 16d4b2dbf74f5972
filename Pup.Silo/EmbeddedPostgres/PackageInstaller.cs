namespace Pup.Silo.EmbeddedPostgres;

/// <summary>
/// Installs PostgreSQL with apt-get, when run as root. Debian's packages would make a cluster and start it as a
/// service; both are switched off while the package is installed, and nothing of that is left behind.
/// </summary>
internal sealed class PackageInstaller(Action<string> tell)
{
    private const string AptGet = "/usr/bin/apt-get";

    public static bool IsUsable => Environment.IsPrivilegedProcess && File.Exists(AptGet);

    /// <summary>Null on success, otherwise what apt-get said.</summary>
    public async Task<string?> InstallAsync(int? major, CancellationToken cancellationToken)
    {
        var package = major is null ? "postgresql" : $"postgresql-{major}";
        tell($"PostgreSQL is not installed; installing {package} with apt-get.");
        using var noCluster = new TemporaryFile("/etc/postgresql-common/createcluster.d/pup.conf", "create_main_cluster = false\n");
        using var noService = new TemporaryFile("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", executable: true);
        var install = await AptAsync(["install", "-y", "--no-install-recommends", package], cancellationToken);
        if (!install.Succeeded)
        {
            // A fresh image has no package lists.
            await AptAsync(["update"], cancellationToken);
            install = await AptAsync(["install", "-y", "--no-install-recommends", package], cancellationToken);
        }

        return install.Succeeded ? null : install.Reason;
    }

    private static Task<ToolResult> AptAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        Tool.RunAsync(AptGet, ["-qq", .. arguments], cancellationToken, ("DEBIAN_FRONTEND", "noninteractive"));
}
