using Pup.Client.Events;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>What every folding read model of the scenarios keeps per aggregate. The hash depends on the order, so a swap shows.</summary>
internal sealed record Fold(long Count, long Hash)
{
    public const long Modulus = 1_000_000_007;

    public static Fold Empty { get; } = new(0, 0);

    public Fold With(PersistedEvent @event) => With(@event.GlobalPosition);

    public Fold With(long position) => new(Count + 1, ((Hash * 31) + position) % Modulus);
}
