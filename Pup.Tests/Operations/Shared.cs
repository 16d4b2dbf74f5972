using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Operations;

/// <summary>Lets a test and all partitions share one projection, so that the test can break and mend it.</summary>
internal sealed class Shared<TProjection>(TProjection projection) : IResettableProjection, IReadModelProjection
    where TProjection : class, IProjection
{
    public string Name => projection.Name;

    public int ReadModelVersion => (projection as IReadModelProjection)?.ReadModelVersion ?? 0;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        projection is IReadModelProjection model ? model.PrepareReadModelAsync(storedVersion, transaction, cancellationToken) : ValueTask.CompletedTask;

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        projection is IResettableProjection resettable ? resettable.ResetAsync(transaction, cancellationToken) : ValueTask.CompletedTask;

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        projection.HandleAsync(@event, transaction, cancellationToken);
}
