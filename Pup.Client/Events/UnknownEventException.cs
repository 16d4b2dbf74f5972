using System.Globalization;

namespace Pup.Client.Events;

/// <summary>Nobody has registered this type and version of event.</summary>
public sealed class UnknownEventException : Exception
{
    internal UnknownEventException(PersistedEvent @event, IReadOnlyCollection<int> knownVersions)
        : base(Describe(@event, knownVersions))
    {
        EventType = @event.EventType;
        EventVersion = @event.EventVersion;
        Position = @event.GlobalPosition;
    }

    /// <summary>Name of the event's type.</summary>
    public string EventType { get; }

    /// <summary>Version of the payload's shape.</summary>
    public int EventVersion { get; }

    /// <summary>Where the event stands in the log.</summary>
    public long Position { get; }

    private static string Describe(PersistedEvent @event, IReadOnlyCollection<int> knownVersions)
    {
        var known = knownVersions.Count == 0
            ? "No version of it is registered: Add it, or AddFormerName if it was renamed"
            : $"Registered are {string.Join(", ", knownVersions.Order())}: Add the version, or Upcast from it";
        return string.Create(CultureInfo.InvariantCulture, $"Event {@event.EventId} at position {@event.GlobalPosition} is '{@event.EventType}' version {@event.EventVersion}. {known}; or choose another UnknownEventPolicy.");
    }
}
