using Pup.Client.Events;

namespace Pup.Grains.Projections;

/// <summary>
/// A projection ordered and partitioned by a key of its own instead of the aggregate id, for example by tenant.
/// A change of <see cref="KeyName"/> or <see cref="KeyVersion"/> means <c>needs rebuild</c>.
/// </summary>
public interface IKeyedProjection : IProjection
{
    /// <summary>Name of the key, for example <c>tenant</c>.</summary>
    string KeyName { get; }

    /// <summary>Version of the key function. Default: 1.</summary>
    int KeyVersion => 1;

    /// <summary>The ordering key of an event. Pure, and called while a handler runs; must give the same key for the same event for ever.</summary>
    string KeyOf(PersistedEvent @event);
}
