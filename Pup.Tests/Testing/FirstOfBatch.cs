using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary>A handler that looks only at how many events of its batch came before, and gets one of them wrong.</summary>
internal sealed class FirstOfBatch(long position)
{
    private ProjectionTransaction? _batch;
    private PersistedEvent? _first;

    public string Note(PersistedEvent @event, ProjectionTransaction transaction)
    {
        if (!ReferenceEquals(transaction, _batch))
            (_batch, _first) = (transaction, @event);
        return _first!.GlobalPosition == position && @event.GlobalPosition > position ? "wrong;" : "right;";
    }
}
