using System.Diagnostics;
using Pup.Client.Events;
using Pup.Grains.Partitions;

namespace Pup.Grains.Telemetry;

/// <summary>From the ids that events carry to links. Whatever applications of any language wrote there must not disturb a batch.</summary>
internal static class TraceLinks
{
    /// <summary>Most links of one span, as many as OpenTelemetry keeps unless told otherwise.</summary>
    public const int Limit = 128;

    private const int SpanIdLength = 16;
    private const int TraceIdLength = 32;

    /// <returns>One link for each different trace and span that the events come from, in order, up to the limit.</returns>
    public static IReadOnlyList<ActivityLink> Of(IReadOnlyList<WorkItem> items)
    {
        var seen = new HashSet<ActivityContext>();
        var links = new List<ActivityLink>();
        PersistedEvent? last = null;
        for (var i = 0; i < items.Count && links.Count < Limit; i++)
        {
            var @event = items[i].Event;
            // Events that were appended together follow each other.
            if (@event.TraceId is null || (last?.TraceId == @event.TraceId && last.CausationId == @event.CausationId))
                continue;
            last = @event;
            if (ContextOf(@event) is { } context && seen.Add(context))
                links.Add(new ActivityLink(context));
        }

        return links;
    }

    /// <returns>Where an event comes from: a W3C traceparent, or a trace id with the span id that the event store puts into the causation id.</returns>
    public static ActivityContext? ContextOf(PersistedEvent @event)
    {
        if (@event.TraceId is not { Length: >= TraceIdLength } text)
            return null;
        if (ActivityContext.TryParse(text, null, isRemote: true, out var context))
            return context;
        if (!IsHex(text, TraceIdLength))
            return null;
        var span = IsHex(@event.CausationId, SpanIdLength) ? ActivitySpanId.CreateFromString(@event.CausationId!.ToLowerInvariant()) : default;
        return new ActivityContext(ActivityTraceId.CreateFromString(text.ToLowerInvariant()), span, ActivityTraceFlags.None, isRemote: true);
    }

    // All zeros stand for no id.
    private static bool IsHex(string? text, int length) => text?.Length == length && text.All(char.IsAsciiHexDigit) && text.Any(static digit => digit != '0');
}
