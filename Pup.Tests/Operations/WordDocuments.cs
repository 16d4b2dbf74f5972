using System.Text;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Tests.Scenarios.ReadModels;

namespace Pup.Tests.Operations;

/// <summary>A document for each word of the payload, so that one event may belong to several partitions.</summary>
internal sealed class WordDocuments : DocumentProjection<Fold>
{
    public override string Name => "words";

    protected override IEnumerable<string> IdentitiesOf(PersistedEvent @event) => Encoding.UTF8.GetString(@event.Payload.Span).Split(' ');

    protected override Fold? Apply(Fold? document, PersistedEvent @event) => (document ?? Fold.Empty).With(@event);
}
