namespace Pup.Client.Operations.Status;

/// <summary>What the database says of the log.</summary>
internal sealed record LogFacts
{
    /// <summary>A writer that has been open for less is nothing to speak of.</summary>
    private static readonly TimeSpan _stalls = TimeSpan.FromSeconds(3);

    /// <summary>When this was read, by the server's clock.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>How far the log cannot change any more, as last persisted; null if no silo ever looked.</summary>
    public long? Mark { get; init; }

    /// <summary>When the mark rose last.</summary>
    public DateTimeOffset? MarkRoseAt { get; init; }

    /// <summary>Whether the log's sequence is the one that the mark was recorded with; null where that is not known.</summary>
    public bool? IsSameSequence { get; init; }

    /// <summary>The last position that the sequence gave out; null where that is not to be seen.</summary>
    public long? SequenceValue { get; init; }

    /// <summary>Those that may still write, longest open first.</summary>
    public IReadOnlyList<OpenWriter> Writers { get; init; } = [];

    /// <summary>
    /// How long the mark has been held back below <paramref name="visible"/>, at most; null while it is not. It was not before there was
    /// something above it: on a quiet log the mark rose long ago.
    /// </summary>
    public TimeSpan? MarkAge(long visible, DateTimeOffset? oldestUnseen)
    {
        if (Mark is not { } mark || mark >= visible || Writers.Count == 0 || MarkRoseAt is not { } roseAt)
            return null;
        // Not by a clock that goes ahead of the server's.
        var since = oldestUnseen is { } appended && appended <= Now && appended > roseAt ? appended : roseAt;
        var age = Now - since;
        return Writers[0].Age is { } oldest && oldest < age ? oldest : age < TimeSpan.Zero ? TimeSpan.Zero : age;
    }

    /// <summary>The writer that keeps a partition at this position from going on; null when it is not a writer.</summary>
    public OpenWriter? Blocker(long position, long visible, DateTimeOffset? oldestUnseen) =>
        Mark <= position && MarkAge(visible, oldestUnseen) >= _stalls ? Writers[0] : null;
}
