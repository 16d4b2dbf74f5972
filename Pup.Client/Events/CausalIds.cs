using System.Diagnostics;

namespace Pup.Client.Events;

/// <summary>
/// Trace, correlation and causation ids of an event. What the event brings wins. Otherwise the current activity gives: its
/// trace id; the baggage item <c>correlation.id</c>; the baggage item <c>causation.id</c>, else its span id.
/// </summary>
internal readonly record struct CausalIds(string? TraceId, string? CorrelationId, string? CausationId)
{
    private const int BaggageLimit = 256;

    public static CausalIds Of(Event @event, Activity? activity) => new(
        NullIfEmpty(@event.TraceId) ?? TraceOf(activity),
        NullIfEmpty(@event.CorrelationId) ?? Baggage(activity, "correlation.id"),
        NullIfEmpty(@event.CausationId) ?? Baggage(activity, "causation.id") ?? SpanOf(activity));

    private static string? TraceOf(Activity? activity) =>
        activity is null ? null : activity.IdFormat == ActivityIdFormat.W3C ? activity.TraceId.ToHexString() : activity.RootId;

    private static string? SpanOf(Activity? activity) =>
        activity is null ? null : activity.IdFormat == ActivityIdFormat.W3C ? activity.SpanId.ToHexString() : activity.Id;

    // Baggage comes from whoever called the application. What could make the append fail (a NUL; a text longer than an
    // index entry) is passed over: a caller's header must not stop a write.
    private static string? Baggage(Activity? activity, string name) =>
        activity?.GetBaggageItem(name) is { Length: > 0 and <= BaggageLimit } value && AppendValidation.IsStorable(value) ? value : null;

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
