using System.Buffers;
using System.Diagnostics;
using Pup.Client.Events;
using Pup.Grains.Partitions;

namespace Pup.Grains.Telemetry;

/// <summary>From the ids that events carry to links. Whatever applications of any language wrote there must not disturb a batch.</summary>
internal static class TraceLinks
{
    /// <summary>Most links of one span. Each is kept until it is sent: of what tracing costs, links are the most.</summary>
    public const int Limit = 16;

    private const int SpanIdLength = 16;
    private const int TraceIdLength = 32;

    private static readonly SearchValues<char> _hex = SearchValues.Create("0123456789abcdefABCDEF");

    /// <returns>One link for each different trace and cause that the events come from, in order, up to the limit.</returns>
    public static IReadOnlyList<ActivityLink> Of(IReadOnlyList<WorkItem> items)
    {
        // Sized once: spans are kept until they are sent, and what they hold on to is what tracing costs.
        var most = Math.Min(items.Count, Limit);
        var seen = new HashSet<(string, string?)>(most);
        var links = new List<ActivityLink>(most);
        PersistedEvent? last = null;
        for (var i = 0; i < items.Count && links.Count < Limit; i++)
        {
            var @event = items[i].Event;
            // Events that were appended together follow each other.
            if (@event.TraceId is null || (last?.TraceId == @event.TraceId && last.CausationId == @event.CausationId))
                continue;
            last = @event;
            if (seen.Add((@event.TraceId, @event.CausationId)) && ContextOf(@event) is { } context)
                links.Add(new ActivityLink(context));
        }

        return links;
    }

    /// <returns>Where an event comes from: a W3C traceparent, or a trace id with the span id that the event store puts into the causation id.</returns>
    public static ActivityContext? ContextOf(PersistedEvent @event)
    {
        if (@event.TraceId is not { Length: >= TraceIdLength } text)
            return null;
        if (text.Length > TraceIdLength)
            return ActivityContext.TryParse(text, null, isRemote: true, out var context) ? context : null;
        if (!IsHex(text, TraceIdLength))
            return null;
        var span = IsHex(@event.CausationId, SpanIdLength) ? ActivitySpanId.CreateFromString(@event.CausationId!.ToLowerInvariant()) : default;
        return new ActivityContext(ActivityTraceId.CreateFromString(text.ToLowerInvariant()), span, ActivityTraceFlags.None, isRemote: true);
    }

    // All zeros stand for no id.
    private static bool IsHex(string? text, int length) => text?.Length == length && !text.AsSpan().ContainsAnyExcept(_hex) && text.AsSpan().ContainsAnyExcept('0');
}
