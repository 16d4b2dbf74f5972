using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Pup.Client.Events;

/// <summary>
/// Which CLR type stands for which event type and version, as JSON. Register everything first, then share it: reading and
/// writing are thread-safe, registering is not. The log itself knows nothing of it; payloads stay raw bytes underneath.
/// </summary>
/// <param name="options">
/// How JSON is read and written, with the source-generated contexts as its resolvers where there are any. Default: <see cref="JsonSerializerOptions.Default"/>.
/// </param>
public sealed class EventTypeRegistry(JsonSerializerOptions? options = null)
{
    private readonly JsonSerializerOptions _options = options ?? JsonSerializerOptions.Default;
    private readonly Dictionary<(string EventType, int EventVersion), EventShape> _shapes = [];
    private readonly Dictionary<Type, EventShape> _current = [];
    private readonly ConcurrentDictionary<EventShape, EventShape[]> _upcasts = [];

    /// <summary>What <see cref="Read"/> does with a type or version that is not registered. Default: Throw.</summary>
    public UnknownEventPolicy UnknownEvents { get; init; } = UnknownEventPolicy.Throw;

    /// <summary>Registers the current shape of an event: what is read as, and written from, <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">The options cannot serialise the type.</exception>
    public EventTypeRegistry Add<T>(string eventType, int eventVersion = 1)
        where T : class => Add(eventType, eventVersion, TypeInfo<T>());

    /// <summary>Registers the current shape of an event with its source-generated JSON metadata.</summary>
    public EventTypeRegistry Add<T>(string eventType, int eventVersion, JsonTypeInfo<T> json)
        where T : class
    {
        var shape = Register(new EventShape(eventType, eventVersion, json));
        if (!_current.TryAdd(typeof(T), shape))
            throw new ArgumentException($"{typeof(T)} is written as '{_current[typeof(T)].EventType}' already; for a name it had earlier use AddFormerName.", nameof(eventType));
        return this;
    }

    /// <summary>Registers a name that an event had earlier: it is read as <typeparamref name="T"/> and never written.</summary>
    public EventTypeRegistry AddFormerName<T>(string eventType, int eventVersion = 1, JsonTypeInfo<T>? json = null)
        where T : class
    {
        Register(new EventShape(eventType, eventVersion, json ?? TypeInfo<T>()));
        return this;
    }

    /// <summary>
    /// Registers an old shape of an event, and the pure function that turns it into a newer one. Steps follow one another until
    /// a shape that needs none. Where no class is kept for the old shape, <typeparamref name="TOld"/> is <see cref="JsonObject"/>.
    /// </summary>
    public EventTypeRegistry Upcast<TOld, TNew>(string eventType, int eventVersion, Func<TOld, TNew> upcast, JsonTypeInfo<TOld>? json = null)
        where TOld : class
        where TNew : class
    {
        ArgumentNullException.ThrowIfNull(upcast);
        Register(new EventShape(eventType, eventVersion, json ?? TypeInfo<TOld>(), old => upcast((TOld)old), typeof(TNew)));
        return this;
    }

    /// <summary>
    /// The event in its newest shape; for an unknown one what <see cref="UnknownEvents"/> says: an exception, null, or the persisted event itself.
    /// </summary>
    /// <exception cref="EventPayloadException">The payload is not JSON of that shape, or an upcast failed.</exception>
    /// <exception cref="UnknownEventException">The type or version is not registered, and the policy is to throw.</exception>
    public object? Read(PersistedEvent @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        if (!_shapes.TryGetValue((@event.EventType, @event.EventVersion), out var shape))
        {
            return UnknownEvents switch
            {
                UnknownEventPolicy.Skip => null,
                UnknownEventPolicy.Raw => @event,
                _ => throw new UnknownEventException(@event, KnownVersions(@event.EventType)),
            };
        }

        var value = Deserialize(@event, shape);
        if (shape.Upcast is null)
            return value;
        foreach (var step in _upcasts.GetOrAdd(shape, StepsFrom))
            value = Upcast(@event, step, value);
        return value;
    }

    /// <summary>The event to append, under the name and version that its type was added with.</summary>
    /// <exception cref="ArgumentException">The type was not added; it may be an old shape, which is never written.</exception>
    public Event Write(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        return _current.TryGetValue(@event.GetType(), out var shape)
            ? new Event
            {
                EventType = shape.EventType,
                EventVersion = shape.EventVersion,
                Payload = JsonSerializer.SerializeToUtf8Bytes(@event, shape.Json),
            }
            : throw new ArgumentException($"{@event.GetType()} is not the current shape of any event: Add it, or append the newer type it is upcast to.", nameof(@event));
    }

    private static object Deserialize(PersistedEvent @event, EventShape shape)
    {
        try
        {
            return JsonSerializer.Deserialize(@event.Payload.Span, shape.Json)
                ?? throw new EventPayloadException(@event, $"the payload is null, not a {shape.ClrType}.");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new EventPayloadException(@event, $"the payload is not a {shape.ClrType}: {error.Message}", error);
        }
    }

    private static object Upcast(PersistedEvent @event, EventShape step, object value)
    {
        try
        {
            return step.Upcast!(value) ?? throw new InvalidOperationException("it gave null");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new EventPayloadException(@event, $"the upcast of '{step.EventType}' version {step.EventVersion} to {step.Next} failed: {error.Message}", error);
        }
    }

    private EventShape Register(EventShape shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(shape.EventType, "eventType");
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.EventVersion, 1, "eventVersion");
        if (!_shapes.TryAdd((shape.EventType, shape.EventVersion), shape))
            throw new ArgumentException($"'{shape.EventType}' version {shape.EventVersion} is registered already, as {_shapes[(shape.EventType, shape.EventVersion)].ClrType}.", nameof(shape));
        return shape;
    }

    private EventShape[] StepsFrom(EventShape first)
    {
        var steps = new List<EventShape>();
        for (var shape = first; shape?.Upcast is not null; shape = Following(shape))
        {
            if (steps.Contains(shape))
                throw new InvalidOperationException($"The upcasts from '{first.EventType}' version {first.EventVersion} go in a circle.");
            steps.Add(shape);
        }

        return [.. steps];
    }

    // Under the same name the next version of that CLR type; else, after a renaming, where that CLR type is at home.
    private EventShape? Following(EventShape shape) =>
        _shapes.Values
            .Where(next => next.EventType == shape.EventType && next.EventVersion > shape.EventVersion && next.ClrType == shape.Next)
            .MinBy(next => next.EventVersion)
        ?? _current.GetValueOrDefault(shape.Next!)
        ?? _shapes.Values.Where(next => next.EventType != shape.EventType && next.ClrType == shape.Next && next.ClrType != typeof(JsonObject)).MinBy(next => next.EventVersion);

    private List<int> KnownVersions(string eventType) =>
        [.. _shapes.Keys.Where(key => key.EventType == eventType).Select(key => key.EventVersion)];

    private JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T));
}
