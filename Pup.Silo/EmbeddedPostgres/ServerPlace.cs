using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Pup.Silo.EmbeddedPostgres;

/// <summary>
/// Where the server of one checkout lives. The directory is open to the server's account only (0700), so whoever
/// reaches the socket in it is that account or root, and needs no password.
/// </summary>
internal sealed partial record ServerPlace(string Root, string Socket)
{
    // sun_path has 108 bytes, one of them for the terminating zero.
    private const int SocketPathLimit = 107;

    public string Data => Path.Combine(Root, "data");

    public string Log => Path.Combine(Root, "server.log");

    public string Lock => Path.Combine(Root, "lock");

    public string Owner => Path.Combine(Root, "owner.pid");

    /// <summary>Major version of the data, or null when there is none.</summary>
    public int? DataMajor => File.Exists(VersionFile(Root)) && int.TryParse(File.ReadAllText(VersionFile(Root)), out var major) ? major : null;

    /// <summary>The checkout's own directory or, where the server's account cannot use it, one by the checkout's name elsewhere.</summary>
    public static async Task<ServerPlace> ChooseAsync(string checkout, ServerAccount account, CancellationToken cancellationToken)
    {
        var candidates = Candidates(Path.GetFullPath(checkout), account);
        var roots = candidates.OrderByDescending(root => File.Exists(VersionFile(root))).ToArray();
        foreach (var root in roots)
        {
            if (PlainPath().IsMatch(root) && await account.OwnDirectoryAsync(root, cancellationToken))
            {
                // The real path: a process's working directory is compared with it.
                var real = (await Tool.RunAsync("realpath", ["--", root], cancellationToken)).Output.TrimEnd('\n');
                return new ServerPlace(real, await ChooseSocketAsync(real, account, cancellationToken));
            }
        }

        throw new EmbeddedPostgresException(
            $"No directory for a private PostgreSQL server could be made (tried {string.Join(" and ", roots)}). Make one of them writable, or set DATABASE_URL.");
    }

    public static string HashOf(string path) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..12];

    public static bool FitsSocket(string directory) =>
        Encoding.UTF8.GetByteCount(Path.Combine(directory, ".s.PGSQL.5432")) <= SocketPathLimit && !directory.Contains(' ', StringComparison.Ordinal);

    private static IEnumerable<string> Candidates(string checkout, ServerAccount account)
    {
        yield return Path.Combine(checkout, ".pup", "postgres");
        if (account.IsOther)
            yield return Path.Combine("/var/lib/pup", HashOf(checkout));
        else if (Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } share)
            yield return Path.Combine(share, "pup", HashOf(checkout));
    }

    private static async Task<string> ChooseSocketAsync(string root, ServerAccount account, CancellationToken cancellationToken)
    {
        var socket = Path.Combine(root, "run");
        if (!FitsSocket(socket))
            socket = Path.Combine(account.IsOther ? "/var/lib/pup" : "/tmp", $"pup-{HashOf(root)}");

        // Owned by the account and closed to others, also when someone else was first to make it under /tmp.
        return !File.Exists(socket) && new DirectoryInfo(socket).LinkTarget is null && await account.OwnDirectoryAsync(socket, cancellationToken)
            ? socket
            : throw new EmbeddedPostgresException($"The socket directory {socket} belongs to someone else. Remove it, or set DATABASE_URL.");
    }

    private static string VersionFile(string root) => Path.Combine(root, "data", "PG_VERSION");

    // pg_ctl puts the data directory into a shell command; these characters mean themselves there.
    [GeneratedRegex(@"^[\p{L}\p{N}/_.@+:, -]+$")]
    private static partial Regex PlainPath();
}
