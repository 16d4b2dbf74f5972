namespace Pup.Silo.EmbeddedPostgres;

/// <summary>
/// Who the server runs as. PostgreSQL refuses to be root, so root uses the account <c>postgres</c>; everyone else
/// is their own.
/// </summary>
internal sealed class ServerAccount
{
    private const string PostgresAccount = "postgres";
    private readonly string? _name;

    private ServerAccount(string? name) => _name = name;

    public bool IsOther => _name is not null;

    public static async Task<ServerAccount> ForThisProcessAsync(CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
            return new ServerAccount(null);
        if (!(await Tool.RunAsync("id", ["-u", PostgresAccount], cancellationToken)).Succeeded)
            await CreateAsync(cancellationToken);
        var account = new ServerAccount(PostgresAccount);
        var trial = await account.RunAsync("true", [], cancellationToken);
        return trial.Succeeded
            ? account
            : throw new EmbeddedPostgresException(
                $"PostgreSQL does not run as root, and runuser cannot become '{PostgresAccount}' ({trial.Reason}). Run as another user, or set DATABASE_URL.");
    }

    public Task<ToolResult> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        _name is null
            ? Tool.RunAsync(program, arguments, cancellationToken)
            : Tool.RunAsync("runuser", ["-u", _name, "--", program, .. arguments], cancellationToken);

    /// <summary>Makes the directory, private to the account. False when the account cannot use it.</summary>
    public async Task<bool> OwnDirectoryAsync(string directory, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        if (_name is not null)
            await Tool.RunAsync("chown", [_name + ":", "--", directory], cancellationToken);
        await Tool.RunAsync("chmod", ["0700", "--", directory], cancellationToken);
        return (await RunAsync("test", ["-O", directory, "-a", "-w", directory, "-a", "-x", directory], cancellationToken)).Succeeded;
    }

    private static async Task CreateAsync(CancellationToken cancellationToken)
    {
        var created = await Tool.RunAsync(
            "useradd", ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", PostgresAccount], cancellationToken);
        if (!created.Succeeded)
        {
            throw new EmbeddedPostgresException(
                $"PostgreSQL does not run as root, and the account '{PostgresAccount}' could not be made ({created.Reason}). Run as another user, or set DATABASE_URL.");
        }
    }
}
