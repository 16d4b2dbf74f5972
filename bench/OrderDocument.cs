using System.Text.Json.Serialization;

namespace Pup.Bench;

/// <summary>The document of one aggregate, the same for the fold by hand and the engine's.</summary>
internal sealed record OrderDocument
{
    public long Events { get; set; }

    public long Amount { get; set; }

    public long LastVersion { get; set; }

    public void Apply(long amount, long version) => (Events, Amount, LastVersion) = (Events + 1, Amount + amount, version);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderDocument))]
internal sealed partial class OrderDocumentJson : JsonSerializerContext;
