namespace Pup.Tests.Projections;

/// <summary>A row as EF Core sees it.</summary>
internal sealed class Note
{
    public long Id { get; set; }

    public required string Aggregate { get; set; }

    public required string Text { get; set; }
}
