namespace Pup.Grains.Feed;

/// <summary>What keeps the feed from moving.</summary>
internal enum FeedProblem
{
    None,

    /// <summary>The feed was started and has not finished its first look.</summary>
    Starting,

    /// <summary>The server cannot be reached, or the session was lost.</summary>
    Disconnected,

    /// <summary>Looks come back incomplete: something must be set right in the database.</summary>
    IncompleteLook,

    /// <summary>The log is not the one that was recorded.</summary>
    LogWentBack,
}
