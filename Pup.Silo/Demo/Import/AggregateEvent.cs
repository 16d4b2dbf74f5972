using Pup.Client.Events;

namespace Pup.Silo.Demo.Import;

/// <summary>An event and the aggregate it is to be appended to.</summary>
internal sealed record AggregateEvent(string AggregateType, string AggregateId, Event Event);
