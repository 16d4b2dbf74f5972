using System.Globalization;

namespace Pup.Client.Events;

/// <summary>
/// An event with this id is in the log already, or twice in one append: most likely the append is the retry of one that
/// had succeeded. Nothing of it was written. A transaction of the caller's own must be rolled back: PostgreSQL may have aborted it.
/// </summary>
public sealed class DuplicateEventException : Exception
{
    internal DuplicateEventException(AggregateKey aggregate, Guid? eventId, long? position, Exception? innerException = null)
        : base(Describe(aggregate, eventId, position), innerException)
    {
        EventId = eventId;
        Position = position;
    }

    /// <summary>The first repeated id; null if it could not be read.</summary>
    public Guid? EventId { get; }

    /// <summary>Where the event stands in the log; null when it is repeated within the append or its transaction.</summary>
    public long? Position { get; }

    private static string Describe(AggregateKey aggregate, Guid? eventId, long? position)
    {
        var where = position is null ? "in this append or its transaction" : string.Create(CultureInfo.InvariantCulture, $"at position {position}");
        return $"Append to {aggregate} repeats event {eventId?.ToString() ?? "(id unknown)"}, which is already {where}. If this is a retry, the first attempt succeeded; otherwise give every event its own id.";
    }
}
