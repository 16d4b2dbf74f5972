using System.Globalization;
using System.Text.Json;

namespace Pup.Client.Events;

/// <summary>Finds, before anything is sent, what PostgreSQL would refuse: its own errors abort the transaction and name no event.</summary>
internal static class AppendValidation
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 1000 };

    public static void Check(AggregateKey aggregate, IReadOnlyList<Event> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        CheckName(aggregate.BoundedContext, "boundedContext");
        CheckName(aggregate.AggregateType, "aggregateType");
        CheckName(aggregate.AggregateId, "aggregateId");
        if (events.Count == 0)
            throw new ArgumentException($"No events to append to {aggregate}.", nameof(events));

        var ids = new HashSet<Guid>(events.Count);
        for (var i = 0; i < events.Count; i++)
        {
            var @event = events[i] ?? throw new ArgumentException(Said(aggregate, i, "is null"), nameof(events));
            if (CheckEvent(@event) is { } problem)
                throw new ArgumentException(Said(aggregate, i, problem), nameof(events));
            if (!ids.Add(@event.EventId))
                throw new DuplicateEventException(aggregate, @event.EventId, position: null);
        }
    }

    /// <summary>Whether PostgreSQL can store it as text: no NUL, no half of a surrogate pair.</summary>
    public static bool IsStorable(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || char.IsLowSurrogate(text[i]))
                return false;
            if (char.IsHighSurrogate(text[i]) && (++i == text.Length || !char.IsLowSurrogate(text[i])))
                return false;
        }

        return true;
    }

    private static void CheckName(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        if (!IsStorable(name))
            throw new ArgumentException($"{parameter} contains a NUL character or half of a surrogate pair, which PostgreSQL cannot store.", parameter);
    }

    private static string? CheckEvent(Event @event)
    {
        if (string.IsNullOrEmpty(@event.EventType))
            return "has no event type";
        if (@event.EventVersion < 1)
            return string.Create(CultureInfo.InvariantCulture, $"has event version {@event.EventVersion}; versions start at 1");
        var unstorable = new (string Name, string? Text)[]
        {
            ("event type", @event.EventType), ("trace id", @event.TraceId), ("correlation id", @event.CorrelationId), ("causation id", @event.CausationId),
        }.FirstOrDefault(field => field.Text is not null && !IsStorable(field.Text)).Name;
        return unstorable is not null
            ? $"has a {unstorable} with a NUL character or half of a surrogate pair, which PostgreSQL cannot store"
            : @event.Metadata is null ? null : CheckMetadata(@event.Metadata);
    }

    private static string? CheckMetadata(string metadata)
    {
        try
        {
            using var document = JsonDocument.Parse(metadata, s_json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return $"has metadata that is not a JSON object but a {document.RootElement.ValueKind}";
            return IsStorable(document.RootElement) ? null : "has metadata with an escaped NUL or half of a surrogate pair, which jsonb cannot store";
        }
        catch (JsonException error)
        {
            return $"has metadata that is not JSON: {error.Message}";
        }
    }

    private static bool IsStorable(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().All(property => Decodes(property) && IsStorable(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().All(IsStorable),
        JsonValueKind.String => Decodes(element),
        _ => true,
    };

    private static bool Decodes(JsonProperty property)
    {
        try
        {
            return IsStorable(property.Name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool Decodes(JsonElement text)
    {
        try
        {
            return IsStorable(text.GetString());
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a surrogate pair has no string.
            return false;
        }
    }

    private static string Said(AggregateKey aggregate, int index, string problem) =>
        string.Create(CultureInfo.InvariantCulture, $"Event {index} of the append to {aggregate} {problem}.");
}
