using System.Collections.Concurrent;
using Npgsql;
using Pup.Client.Events;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>Failures of handlers, one event in fifty, that pass: in one process an event of a projection fails at its first try only.</summary>
internal sealed class PassingFailures(int seed)
{
    private readonly ConcurrentDictionary<(string Projection, long Position), bool> _struck = new();

    public void Strike(string projection, PersistedEvent @event)
    {
        var chance = Chance.Of(seed + projection.Length + projection[0], @event.GlobalPosition);
        if (chance >= 0.02 || !_struck.TryAdd((projection, @event.GlobalPosition), true))
            return;
        throw chance < 0.01 ? new InvalidOperationException("injected: passes") : new NpgsqlException("injected: transient");
    }
}
