using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>Folds into documents.</summary>
internal sealed class FoldDocuments(PassingFailures? failures = null) : DocumentProjection<Fold>
{
    public override string Name => "docs";

    protected override Fold? Apply(Fold? document, PersistedEvent @event)
    {
        failures?.Strike(Name, @event);
        return (document ?? Fold.Empty).With(@event);
    }
}
