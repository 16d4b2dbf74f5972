using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Pup.Client.Http.Access;
using Pup.Client.Http.Health;
using Pup.Client.Http.Routes;
using Pup.Client.Operations;

namespace Pup.Client.Http;

/// <summary>
/// How everything looks as JSON, whatever the host has configured for its own. What is not known is refused: a misspelt filter would
/// select more than was meant.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ApiKeyEntry[]))]
[JsonSerializable(typeof(DeadLetterDetails))]
[JsonSerializable(typeof(DeadLetterSelection))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IReadOnlyList<DeadLetterSummary>))]
[JsonSerializable(typeof(IReadOnlyList<ProjectionReport>))]
[JsonSerializable(typeof(ProjectionReport))]
[JsonSerializable(typeof(RebuildProgress))]
[JsonSerializable(typeof(RepartitionRequest))]
[JsonSerializable(typeof(SelectedCount))]
[JsonSerializable(typeof(StreamProblem))]
[JsonSerializable(typeof(WaitRequest))]
[JsonSerializable(typeof(WaitResult))]
internal sealed partial class HttpJson : JsonSerializerContext;
