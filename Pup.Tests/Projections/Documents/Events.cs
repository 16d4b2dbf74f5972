using System.Text;
using Pup.Client.Events;

namespace Pup.Tests.Projections.Documents;

/// <summary>Events made up for tests of projections, positions given by hand.</summary>
internal static class Events
{
    public static PersistedEvent Moved(long position, string from, string to, decimal amount) => Of(position, "Moved", from, FormattableString.Invariant($"{from}|{to}|{amount}"));

    public static PersistedEvent Noted(long position, string id, string note) => Of(position, "Noted", id, note);

    public static PersistedEvent Of(long position, string type, string aggregateId, string payload = "") => new()
    {
        GlobalPosition = position,
        BoundedContext = "Bank",
        AggregateType = "Account",
        AggregateId = aggregateId,
        AggregateVersion = position,
        EventId = new Guid((int)position, 0, 0, new byte[8]),
        EventType = type,
        EventVersion = 1,
        Payload = Encoding.UTF8.GetBytes(payload),
        CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(position),
    };
}
