using System.Text.Json.Serialization;

namespace Pup.Client.Http.Health;

/// <summary>What is answered: the words of pupsourcing's guide.</summary>
[method: JsonConstructor]
internal sealed record HealthAnswer(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Lag = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Threshold = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null)
{
    public static HealthAnswer Healthy { get; } = new("healthy");

    [JsonIgnore]
    public bool IsHealthy => Status == Healthy.Status;

    public static HealthAnswer Behind(long lag, long threshold) => new("unhealthy", Lag: lag, Threshold: threshold);

    public static HealthAnswer Failed(string error) => new("unhealthy", Error: error);
}
