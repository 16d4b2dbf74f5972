namespace Pup.Grains.Feed;

/// <summary>Whether the log is still the one that was recorded.</summary>
internal static class LogHistory
{
    /// <summary>
    /// Throws <see cref="LogWentBackException"/> if positions already recorded can be handed out again; returns a
    /// warning if only the newest rows are missing; null if all is well.
    /// </summary>
    public static string? Judge(PersistedLog persisted, LookReading reading)
    {
        var sequence = reading.Checks.Sequence;
        if (persisted.SequenceFilenode is { } filenode && filenode != reading.Checks.SequenceFilenode)
            throw new LogWentBackException(
                $"sequence {sequence} is not the one its mark {persisted.Mark} was recorded with (restored, truncated with `restart identity`, or altered).");

        var (recorded, what) = persisted.Mark >= persisted.FurthestPosition
            ? (persisted.Mark.Value, "the persisted mark")
            : (persisted.FurthestPosition, $"checkpoint '{persisted.FurthestCheckpoint}'");
        return Judge(recorded, what, reading);
    }

    public static string? Judge(long recorded, string what, LookReading reading)
    {
        if (reading.Visible >= recorded)
            return null;
        if (reading.SequenceValue < recorded)
            throw new LogWentBackException(
                $"{what} stands at position {recorded}, but the log ends at {reading.Visible} and sequence {reading.Checks.Sequence} at {reading.SequenceValue}.");
        return $"The newest events are missing: {what} stands at position {recorded}, but the log ends at {reading.Visible}. " +
               "They were deleted (the sequence has not gone back); read models still contain them.";
    }
}
