using Pup.Client.Events;
using Pup.Grains.Partitions;

namespace Pup.Grains.Projections;

/// <summary>A projection that takes a whole batch at once, and whose events may belong to several ordering keys each.</summary>
internal interface IBatchProjection : IProjection
{
    /// <summary>Name and version of the key function, for example <c>document@1</c>; a change means <c>needs rebuild</c>.</summary>
    string KeySignature { get; }

    /// <summary>The ordering keys of an event, distinct; none when the event does not concern the projection.</summary>
    IEnumerable<string> KeysOf(PersistedEvent @event);

    /// <summary>
    /// Applies the items in order. Sets <see cref="ProjectionTransaction.CurrentItem"/> to the item's index around whatever may fail
    /// because of that item, and to -1 for work on the batch as a whole.
    /// </summary>
    ValueTask HandleAsync(IReadOnlyList<WorkItem> items, ProjectionTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Called after anything but a committed batch: whatever was remembered from the read model is void.</summary>
    void Forget();
}
