using System.Collections.Immutable;

namespace Pup.Tests.Projections.Documents;

/// <summary>A document of the tests: small, but sensitive to the order and the number of its events.</summary>
internal sealed record Account
{
    public required string Owner { get; init; }

    public decimal Balance { get; init; }

    public ImmutableArray<long> Recent { get; init; } = [];

    public string? Note { get; init; }

    public bool Equals(Account? other) =>
        other is not null && Owner == other.Owner && Balance == other.Balance && Note == other.Note && Recent.SequenceEqual(other.Recent);

    public override int GetHashCode() => HashCode.Combine(Owner, Balance, Note, Recent.Length);
}
