namespace Pup.Grains.Feed;

/// <summary>What the feed knows at one moment; whoever shows it must show its age.</summary>
internal sealed record FeedStatus
{
    public static FeedStatus BeforeFirstLook { get; } = new() { Problem = FeedProblem.Starting };

    /// <summary>The number of the living generation; 0 while there is none.</summary>
    public long Generation { get; init; }

    /// <summary>How far the log can no longer change.</summary>
    public long Mark { get; init; }

    /// <summary>The greatest visible position of the last complete look.</summary>
    public long Visible { get; init; }

    /// <summary>When the last complete look ended; null if there was none.</summary>
    public DateTimeOffset? LookedAt { get; init; }

    /// <summary>When the mark last moved or equalled what is visible: its age is that of a stall.</summary>
    public DateTimeOffset? MarkCurrentAt { get; init; }

    /// <summary>How long the last look took.</summary>
    public TimeSpan LookDuration { get; init; }

    /// <summary>The pause after it.</summary>
    public TimeSpan LookInterval { get; init; }

    /// <summary>The open writers that hold the mark back, lowest floor first.</summary>
    public IReadOnlyList<MarkHolder> Holders { get; init; } = [];

    /// <summary>What keeps the feed from moving, if anything does.</summary>
    public FeedProblem Problem { get; init; }

    /// <summary>The problem in words: what, where, what to do.</summary>
    public string? ProblemText { get; init; }

    /// <summary>Events that appeared below the mark after it had passed them, since this process started: they are in no read model.</summary>
    public long LateEvents { get; init; }

    /// <summary>A finding that does not stop the feed: the newest rows of the log were deleted.</summary>
    public string? Warning { get; init; }

    /// <summary>
    /// Positions up to the mark that somebody who has seen the log up to <paramref name="position"/> has not; null before the first look. Never
    /// below 0: that position may have been reached since this was reported.
    /// </summary>
    public long? LagOf(long position) => LookedAt is null ? null : Math.Max(0, Mark - position);
}
