using Microsoft.Extensions.Logging;

namespace Pup.Grains.Feed;

internal static partial class FeedLog
{
    [LoggerMessage(LogLevel.Information, "Generation {Generation} of the feed begins at mark {Mark}; the log ends at {Visible}.")]
    public static partial void GenerationBegins(this ILogger logger, long generation, long mark, long visible);

    [LoggerMessage(LogLevel.Information, "Generation {Generation} of the feed is over.")]
    public static partial void GenerationOver(this ILogger logger, long generation);

    [LoggerMessage(LogLevel.Warning, "The feed does not move: {Problem} Trying again.")]
    public static partial void FeedStalled(this ILogger logger, string problem);

    [LoggerMessage(LogLevel.Error, "The feed does not move: {Problem}")]
    public static partial void FeedNeedsSomeone(this ILogger logger, string problem);

    [LoggerMessage(LogLevel.Warning, "{Warning}")]
    public static partial void NewestEventsMissing(this ILogger logger, string warning);

    [LoggerMessage(LogLevel.Information, "The first look waits for open writers, since no mark was persisted: {Holders}.")]
    public static partial void FirstLookWaits(this ILogger logger, string holders);

    [LoggerMessage(LogLevel.Warning, "The mark could not be persisted: {Reason} The feed goes on; the next start may wait longer for open writers.")]
    public static partial void MarkNotPersisted(this ILogger logger, string reason);

    [LoggerMessage(
        LogLevel.Error,
        "late_events: {Count} events appeared below the mark ({Mark}) after it had passed them, at {Positions}. They are in no read model that was past them: " +
        "rebuild the projections that need them. Positions must come from the column's own default, in the transaction that inserts.")]
    public static partial void LateEvents(this ILogger logger, int count, long mark, string positions);

    [LoggerMessage(LogLevel.Debug, "The log was not audited: {Reason}")]
    public static partial void NotAudited(this ILogger logger, string reason);

    [LoggerMessage(LogLevel.Debug, "Listening for notifications failed: {Reason} Polling goes on.")]
    public static partial void ListeningFailed(this ILogger logger, string reason);
}
