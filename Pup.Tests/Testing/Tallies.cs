using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary><see cref="Tally"/> as authors have their projections: with a constructor that takes nothing.</summary>
internal sealed class Tallies : IResettableProjection, IReadModelProjection
{
    private readonly Tally _tally = new();

    public string Name => _tally.Name;

    public ProjectionScope Scope => _tally.Scope;

    public int ReadModelVersion => _tally.ReadModelVersion;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _tally.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _tally.HandleAsync(@event, transaction, cancellationToken);

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken) => _tally.ResetAsync(transaction, cancellationToken);
}
