using System.Text.Json.Serialization;

namespace Pup.Client.Operations;

/// <summary>How a projection or a partition fares. Of several that hold, the one that needs an operator most is told.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProjectionCondition>))]
public enum ProjectionCondition
{
    /// <summary>What would be needed to tell is not known: the answer is too old, or the database does not show it.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>No partition has ever run: there is no checkpoint.</summary>
    [JsonStringEnumMemberName("never started")]
    NeverStarted,

    /// <summary>It is owned and behind.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It has seen everything that is visible in the log.</summary>
    [JsonStringEnumMemberName("caught up")]
    CaughtUp,

    /// <summary>Somebody paused it.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>A rebuild is running.</summary>
    [JsonStringEnumMemberName("rebuilding")]
    Rebuilding,

    /// <summary>It will not run before it is rebuilt.</summary>
    [JsonStringEnumMemberName("needs rebuild")]
    NeedsRebuild,

    /// <summary>It runs, and ordering keys are parked.</summary>
    [JsonStringEnumMemberName("parked")]
    Parked,

    /// <summary>It stopped, and says why.</summary>
    [JsonStringEnumMemberName("faulted")]
    Faulted,

    /// <summary>No living silo hosts it.</summary>
    [JsonStringEnumMemberName("unplaced")]
    Unplaced,

    /// <summary>A transaction that may still write into the log holds the mark back.</summary>
    [JsonStringEnumMemberName("stalled by writer")]
    StalledByWriter,

    /// <summary>Somebody who is not the owner moves its checkpoint.</summary>
    [JsonStringEnumMemberName("foreign writer")]
    ForeignWriter,

    /// <summary>The log is behind what was already applied: a restore, a truncate, a lost fail-over.</summary>
    [JsonStringEnumMemberName("log went back")]
    LogWentBack,
}
