namespace Pup.Grains.Partitions;

/// <summary>
/// Where the partitions of a projection stood when it was repartitioned. All events up to there are applied, whatever partition their
/// keys belong to now. As many positions as there were partitions; equal by its positions.
/// </summary>
internal sealed class AppliedVector : IEquatable<AppliedVector>
{
    private readonly long[] _positions;

    public AppliedVector(IEnumerable<long> positions)
    {
        _positions = [.. positions];
        ArgumentOutOfRangeException.ThrowIfZero(_positions.Length, nameof(positions));
        Max = _positions.Max();
    }

    public IReadOnlyList<long> Positions => _positions;

    /// <summary>Beyond this position it covers nothing.</summary>
    public long Max { get; }

    /// <summary>Whether an event at this position was applied already under the ordering key with this hash.</summary>
    public bool Covers(uint hash, long position) => position <= _positions[Partitioner.PartitionOf(hash, _positions.Length)];

    public bool Equals(AppliedVector? other) => other is not null && _positions.AsSpan().SequenceEqual(other._positions);

    public override bool Equals(object? obj) => Equals(obj as AppliedVector);

    public override int GetHashCode() => HashCode.Combine(_positions.Length, _positions[0], Max);
}
