using Pup.Client.Events;

namespace Pup.Grains.Projections;

/// <summary>
/// Turns events into a read model. One instance serves one partition, so a handler need not be thread-safe;
/// events of one ordering key arrive in order, and whatever the handler writes through the
/// <see cref="ProjectionTransaction"/> commits together with the checkpoint or not at all.
/// </summary>
public interface IProjection
{
    /// <summary>Unique name: letters, digits, <c>_ . -</c>, at most 100 characters, not ending in <c>_p</c> and digits.</summary>
    string Name { get; }

    /// <summary>Which events the projection sees. Default: all.</summary>
    ProjectionScope Scope => ProjectionScope.All;

    /// <summary>
    /// Handles one event. It may run again for the same event after a failure or a lost connection, so effects
    /// outside the transaction are at-least-once.
    /// </summary>
    ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken);
}
