using System.Text.Json;
using System.Text.Json.Serialization;
using Pup.Bench.Append;
using Pup.Bench.CatchUp;
using Pup.Bench.Cluster;
using Pup.Bench.Lag;
using Pup.Bench.Latency;
using Pup.Bench.Telemetry;
using Pup.Bench.Wait;

namespace Pup.Bench.Reporting;

/// <summary>One line of JSON per result, in the order of its properties; what was not measured is left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AppendResult))]
[JsonSerializable(typeof(CatchUpResult))]
[JsonSerializable(typeof(FailoverResult))]
[JsonSerializable(typeof(IdleResult))]
[JsonSerializable(typeof(LagResult))]
[JsonSerializable(typeof(LatencyResult))]
[JsonSerializable(typeof(TelemetryResult))]
[JsonSerializable(typeof(WaitBenchResult))]
internal sealed partial class ResultJson : JsonSerializerContext
{
    public static string Line<T>(T result) => JsonSerializer.Serialize(result, typeof(T), Default);
}
