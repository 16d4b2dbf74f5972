using Pup.Silo.Demo.History;
using Pup.Silo.EmbeddedPostgres;

namespace Pup.Silo.Demo;

/// <summary>Which history is imported; without a choice, that of the checkout this program was built in.</summary>
internal sealed record DemoSource(string? Repository, string? Ndjson)
{
    private const string DefaultDatabase = "pup";

    /// <summary>A database for each history on the private server: two histories in one log would be one nonsense.</summary>
    public string Database =>
        Ndjson is not null ? $"{DefaultDatabase}_{ServerPlace.HashOf(Path.GetFullPath(Ndjson))}"
        : Repository is not null && Path.TrimEndingDirectorySeparator(Path.GetFullPath(Repository)) != Checkout() ? $"{DefaultDatabase}_{ServerPlace.HashOf(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Repository)))}"
        : DefaultDatabase;

    public async Task<IHistory> OpenAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        if (Ndjson is not null)
            return File.Exists(Ndjson) ? new NdjsonHistory(Ndjson) : throw new HistoryException($"{Ndjson} does not exist. Name a file of changes with --ndjson FILE.");
        var history = await GitHistory.OpenAsync(Repository ?? Checkout(), cancellationToken);
        if (history.IsShallow)
            tell($"{history.Name} is a shallow clone: its oldest commit stands for everything before it ('git fetch --unshallow' brings the rest).");
        return history;
    }

    /// <summary>The directory of the solution above the program, or the current one.</summary>
    public static string Checkout()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Pup.Orleans.sln")))
                return directory.FullName;
        }

        return Environment.CurrentDirectory;
    }
}
