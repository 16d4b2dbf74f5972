using System.Collections.Immutable;
using Pup.Client.Events;

namespace Pup.Grains.Projections;

/// <summary>Which events a projection sees: an empty list stands for "any". Normalised, so equal scopes share one read of the log.</summary>
public sealed class ProjectionScope : IEquatable<ProjectionScope>
{
    /// <summary>Every event of the log.</summary>
    public static ProjectionScope All { get; } = new([], [], []);

    /// <summary>A scope of the given contexts, aggregate types and event types; what is left out stands for "any".</summary>
    public ProjectionScope(
        IEnumerable<string>? boundedContexts = null,
        IEnumerable<string>? aggregateTypes = null,
        IEnumerable<string>? eventTypes = null)
    {
        BoundedContexts = Normalise(boundedContexts);
        AggregateTypes = Normalise(aggregateTypes);
        EventTypes = Normalise(eventTypes);
        Signature = $"contexts={Join(BoundedContexts)};aggregates={Join(AggregateTypes)};events={Join(EventTypes)}";
    }

    /// <summary>Bounded contexts, sorted and distinct; empty means any.</summary>
    public ImmutableArray<string> BoundedContexts { get; }

    /// <summary>Aggregate types, sorted and distinct; empty means any.</summary>
    public ImmutableArray<string> AggregateTypes { get; }

    /// <summary>Event types, sorted and distinct; empty means any.</summary>
    public ImmutableArray<string> EventTypes { get; }

    /// <summary>True when every event of the log is in scope.</summary>
    public bool IsAll => BoundedContexts.IsEmpty && AggregateTypes.IsEmpty && EventTypes.IsEmpty;

    /// <summary>Whether the scope has an event; the feed's statements say the same in SQL.</summary>
    internal bool Includes(PersistedEvent @event) =>
        Has(BoundedContexts, @event.BoundedContext) && Has(AggregateTypes, @event.AggregateType) && Has(EventTypes, @event.EventType);

    /// <summary>The scope as one canonical line; it is stored, and a change of it means <c>needs rebuild</c>.</summary>
    internal string Signature { get; }

    /// <inheritdoc />
    public bool Equals(ProjectionScope? other) => other is not null && Signature == other.Signature;

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as ProjectionScope);

    /// <inheritdoc />
    public override int GetHashCode() => Signature.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc />
    public override string ToString() => IsAll ? "all" : Signature;

    private static bool Has(ImmutableArray<string> names, string name) => names.IsEmpty || names.Contains(name, StringComparer.Ordinal);

    private static ImmutableArray<string> Normalise(IEnumerable<string>? values) =>
        [.. (values ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    // Uri.EscapeDataString keeps the separators unambiguous whatever the names contain.
    private static string Join(ImmutableArray<string> values) => string.Join(',', values.Select(Uri.EscapeDataString));
}
