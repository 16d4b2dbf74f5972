namespace Pup.Grains.Feed;

/// <summary>An open writer that holds the mark back, and what is known of it.</summary>
/// <param name="Writer">The transaction.</param>
/// <param name="Floor">Positions above this one may still be its own.</param>
/// <param name="FirstSeen">When this silo first saw it; what is left to say where its age is not visible.</param>
internal sealed record MarkHolder(LogWriter Writer, long Floor, DateTimeOffset FirstSeen)
{
    /// <summary>The application name of its session, where it may be seen.</summary>
    public string? Application { get; init; }

    /// <summary>When its transaction began, where it may be seen.</summary>
    public DateTimeOffset? Began { get; init; }

    /// <summary>The name it was prepared under, if it is a prepared transaction.</summary>
    public string? PreparedAs { get; init; }

    public override string ToString()
    {
        var who = Writer.Pid is { } pid
            ? $"pid {pid}" + (string.IsNullOrEmpty(Application) ? "" : $" ({Application})")
            : PreparedAs is null ? "a prepared transaction" : $"prepared transaction '{PreparedAs}'";
        var since = Began is { } began ? $"open since {began:u}" : $"first seen {FirstSeen:u}";
        return $"{who}, {since}";
    }
}
