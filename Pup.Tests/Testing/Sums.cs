using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Testing;

/// <summary>Documents, all events of which go back and forth: a batch of both leaves nothing to write.</summary>
internal sealed class Sums : DocumentProjection<Sums.Sum>
{
    public override string Name => "sums";

    protected override Sum? Apply(Sum? document, PersistedEvent @event) => new((document?.Value ?? 0) + (@event.AggregateVersion % 2 == 0 ? -1 : 1));

    internal sealed record Sum(int Value);
}
