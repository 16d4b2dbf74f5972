using System.Text;

namespace Pup.Grains.Partitions;

/// <summary>
/// Which partition an ordering key belongs to. The function is pupsourcing's own (FNV-1a, 32 bits), so that
/// checkpoints written by its workers stay valid.
/// </summary>
internal static class Partitioner
{
    private const uint OffsetBasis = 2166136261;
    private const uint Prime = 16777619;
    private const int StackLimit = 256;

    public static uint Hash(string key)
    {
        var length = Encoding.UTF8.GetMaxByteCount(key.Length);
        Span<byte> bytes = length <= StackLimit ? stackalloc byte[StackLimit] : new byte[length];
        return Hash(bytes[..Encoding.UTF8.GetBytes(key, bytes)]);
    }

    public static uint Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = OffsetBasis;
        foreach (var b in utf8)
            hash = (hash ^ b) * Prime;
        return hash;
    }

    public static int PartitionOf(uint hash, int partitions) => (int)(hash % (uint)partitions);
}
