using System.Text.Json.Serialization;

namespace Pup.Silo.Doctor;

/// <summary>How much a finding matters.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Severity>))]
internal enum Severity
{
    /// <summary>Worth a thought; nothing is wrong.</summary>
    [JsonStringEnumMemberName("hint")]
    Hint,

    /// <summary>It works, and will not for long, or not well.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>Something does not work.</summary>
    [JsonStringEnumMemberName("error")]
    Error,
}
