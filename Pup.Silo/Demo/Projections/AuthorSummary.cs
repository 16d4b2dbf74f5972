namespace Pup.Silo.Demo.Projections;

/// <summary>What is known of one author.</summary>
internal sealed record AuthorSummary
{
    public long Commits { get; init; }

    public long Files { get; init; }

    public long LinesAdded { get; init; }

    public long LinesRemoved { get; init; }

    public DateTimeOffset FirstCommitAt { get; init; }

    public DateTimeOffset LastCommitAt { get; init; }

    public string LastCommit { get; init; } = "";
}
