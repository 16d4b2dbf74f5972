using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Pup.Grains.Projections.Documents;

/// <summary>Documents to UTF-8 and back, through one buffer that is used again and again. Not thread-safe.</summary>
internal sealed class DocumentJson<TDocument>(JsonTypeInfo<TDocument> typeInfo)
    where TDocument : class
{
    private const int LargestKeptBuffer = 1 << 20;

    private readonly JsonWriterOptions _options = new() { Encoder = typeInfo.Options.Encoder, MaxDepth = typeInfo.Options.MaxDepth };
    private ArrayBufferWriter<byte> _buffer = new(4096);

    /// <summary>Serialises into the shared buffer: the result is valid until the next call.</summary>
    public ReadOnlySpan<byte> Serialise(TDocument document)
    {
        if (_buffer.Capacity > LargestKeptBuffer)
            _buffer = new ArrayBufferWriter<byte>(4096);
        _buffer.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(_buffer, _options);
        JsonSerializer.Serialize(writer, document, typeInfo);
        writer.Flush();
        return _buffer.WrittenSpan;
    }

    public TDocument? Deserialise(ReadOnlySpan<byte> utf8) => JsonSerializer.Deserialize(utf8, typeInfo);

    /// <summary>How documents are written unless the author says otherwise: camelCase, text as it is.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Trimmed applications give a source-generated JsonTypeInfo.")]
    public static JsonTypeInfo<TDocument> ByReflection() => (JsonTypeInfo<TDocument>)DocumentJsonDefaults.Options.GetTypeInfo(typeof(TDocument));

    // jsonb sorts keys by length, so the "$type" of a polymorphic value does not stay in front.
    public static JsonTypeInfo<TDocument> Lenient(JsonTypeInfo<TDocument> typeInfo) => typeInfo.Options.AllowOutOfOrderMetadataProperties
        ? typeInfo
        : (JsonTypeInfo<TDocument>)new JsonSerializerOptions(typeInfo.Options)
        {
            AllowOutOfOrderMetadataProperties = true,
            TypeInfoResolver = typeInfo.Options.TypeInfoResolver ?? typeInfo.OriginatingResolver,
        }.GetTypeInfo(typeof(TDocument));
}
