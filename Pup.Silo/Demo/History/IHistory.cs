namespace Pup.Silo.Demo.History;

/// <summary>A stream of commits, oldest first.</summary>
internal interface IHistory
{
    /// <summary>What a person would call it.</summary>
    string Name { get; }

    /// <summary>How much of what is to be read has been read, 0 to 1.</summary>
    double Done { get; }

    /// <summary>The commits after <paramref name="last"/>, which an earlier import ended with; all when it is null.</summary>
    /// <exception cref="HistoryException">It cannot be read, or does not contain <paramref name="last"/>.</exception>
    IAsyncEnumerable<Commit> ReadAsync(string? last, CancellationToken cancellationToken);
}
