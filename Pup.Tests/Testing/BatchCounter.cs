using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary>A handler that knows in which batch it is, by the transaction that it is given.</summary>
internal sealed class BatchCounter
{
    private ProjectionTransaction? _last;
    private int _batches;

    public string Note(PersistedEvent @event, ProjectionTransaction transaction)
    {
        if (!ReferenceEquals(transaction, _last))
            (_last, _batches) = (transaction, _batches + 1);
        return $"{_batches};";
    }
}
