namespace Pup.Grains.Partitions;

/// <summary>
/// What a partition must not apply again, since partitions of an earlier count did. Facts about the read model, so they hold for every
/// key and never cease to before a rebuild; they only become useless behind a partition's own position. Immutable.
/// </summary>
internal sealed class AppliedVectors
{
    private AppliedVectors(IReadOnlyList<AppliedVector> all)
    {
        All = all;
        UpTo = all.Count == 0 ? 0 : all.Max(static vector => vector.Max);
    }

    public static AppliedVectors None { get; } = new([]);

    public IReadOnlyList<AppliedVector> All { get; }

    public bool IsEmpty => All.Count == 0;

    /// <summary>Beyond this position nothing is covered; 0 when there is no vector.</summary>
    public long UpTo { get; }

    /// <summary>Each distinct vector once.</summary>
    public static AppliedVectors Of(IEnumerable<AppliedVector> vectors) => vectors.Distinct().ToList() is { Count: > 0 } all ? new(all) : None;

    /// <summary>Whether an event at this position was applied already under the ordering key with this hash.</summary>
    public bool Covers(uint hash, long position)
    {
        foreach (var vector in All)
        {
            if (vector.Covers(hash, position))
                return true;
        }

        return false;
    }

    /// <summary>What is left of them for a partition at this position. Only a vector's maximum counts: below it, some key still needs it.</summary>
    public AppliedVectors Beyond(long position)
    {
        if (position >= UpTo)
            return None;
        return All.All(vector => vector.Max > position) ? this : Of(All.Where(vector => vector.Max > position));
    }
}
