using Pup.Client.Events;

namespace Pup.Grains.Testing;

/// <summary>A projection did not pass its test; the message says what, where, and what to do.</summary>
public sealed class ProjectionTestException : Exception
{
    internal ProjectionTestException(string message, Exception? innerException = null, PersistedEvent? @event = null)
        : base(message, innerException) => Event = @event;

    /// <summary>The event that could not be applied; null when it was none in particular. What its handler threw is the inner exception.</summary>
    public PersistedEvent? Event { get; }
}
