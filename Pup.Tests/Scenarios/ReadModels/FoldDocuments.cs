using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>Folds into documents.</summary>
internal sealed class FoldDocuments : DocumentProjection<Fold>
{
    public override string Name => "docs";

    protected override Fold? Apply(Fold? document, PersistedEvent @event) => (document ?? Fold.Empty).With(@event);
}
