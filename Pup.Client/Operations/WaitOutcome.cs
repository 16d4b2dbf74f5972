using System.Text.Json.Serialization;

namespace Pup.Client.Operations;

/// <summary>How a wait for an append ended.</summary>
[GenerateSerializer]
[JsonConverter(typeof(JsonStringEnumConverter<WaitOutcome>))]
public enum WaitOutcome
{
    /// <summary>The read model shows the append.</summary>
    [JsonStringEnumMemberName("applied")]
    Applied,

    /// <summary>An event of the append is a dead letter, or queues behind one.</summary>
    [JsonStringEnumMemberName("parked")]
    Parked,

    /// <summary>The time ran out while a writer held the mark back below the append.</summary>
    [JsonStringEnumMemberName("blocked by writer")]
    BlockedByWriter,

    /// <summary>The projection is paused, faulted, unplaced or needs a rebuild: it will not get there by itself.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>The time ran out.</summary>
    [JsonStringEnumMemberName("timed out")]
    TimedOut,
}
