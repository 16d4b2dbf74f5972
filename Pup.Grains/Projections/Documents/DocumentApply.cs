using Pup.Client.Events;

namespace Pup.Grains.Projections.Documents;

/// <summary>The author's pure step: what document <paramref name="id"/> is after the event; null when it is no more.</summary>
internal delegate TDocument? DocumentApply<TDocument>(string id, TDocument? document, PersistedEvent @event)
    where TDocument : class;
