namespace Pup.Silo.Demo.History;

/// <summary>The history cannot be imported; the message says why and what to do.</summary>
internal sealed class HistoryException(string message) : StartupException(message)
{
    public static HistoryException Rewritten(string name, string last) => new(
        $"The last imported commit {Short(last)} is not in the history of {name}: it was rewritten, another branch is checked out, or the database holds another history. "
        + "Run with --fresh to import anew (the private server's database only), or give another DATABASE_URL.");

    private static string Short(string commit) => commit.Length > 12 ? commit[..12] : commit;
}
